//! What `npm run sdk:generate` writes.
pub mod api;
pub mod codes;
pub mod models;
