//! The settings: environment variables, and the lines of `.env` for those that are not set.

use std::{collections::HashMap, env, fs, io::ErrorKind};

use anyhow::{Context, Result};

pub struct Settings(HashMap<String, String>);

impl Settings {
    pub fn load() -> Result<Self> {
        let text = match fs::read_to_string(".env") {
            // A container gets its settings from outside.
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.context(".env cannot be read")?,
        };
        let of_file = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name, value.trim().trim_matches(['"', '\''])))
            .map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
        let of_environment = env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let all = of_file.chain(of_environment.filter(|(_, value)| !value.is_empty()));
        Ok(Self(all.collect()))
    }

    /// The value of a variable; `None` when it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub fn require(&self, name: &str) -> Result<&str> {
        self.get(name)
            .with_context(|| format!("{name} is not set: copy .env.example to .env and fill it in"))
    }
}
