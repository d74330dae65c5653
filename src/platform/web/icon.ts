/** The icon of the service: a shield with a check mark. Browsers draw SVG at `/favicon.ico` by its media type. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#1f5fae" d="M16 2 4 6.5v9C4 22.7 9 28.2 16 30c7-1.8 12-7.3 12-14.5v-9z"/><path fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" d="m10.5 16 4 4 7-8"/></svg>
`;
