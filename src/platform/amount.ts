const numbers = new Intl.NumberFormat("en");

/** `1 key`, `2,000 keys`. */
export function amount(count: number, one: string, many = `${one}s`): string {
  return `${numbers.format(count)} ${count === 1 ? one : many}`;
}
