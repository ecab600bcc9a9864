/** For tests, which are in TypeScript. */
export function debianCache(): string;
export function debianFiles(
  names: readonly string[],
  options?: { readonly offline?: boolean },
): string[];
