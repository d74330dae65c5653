/** Texts of others, to be read: what a reader cannot see, or what turns the direction of a line, is escaped as RFC 8259 7 has it. */

/** Controls that JSON.stringify leaves, invisible characters, marks and overrides of direction (UAX 9), separators of lines. */
const unseen = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A text, with its line breaks. */
export const plainText = (text: string): string => text.replace(unseen, escaped);

/** The value in lines of JSON; parsed again, it is the same. */
export const plainJson = (value: unknown): string => plainText(JSON.stringify(value, null, 2) ?? "");
