/**
 * Names of hosts where they become names of files and subjects of messages: labels of letters, digits,
 * `-` and `_`, with dots between.
 */
export function isHostName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= LONGEST &&
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) &&
    !name.includes('..') &&
    !name.endsWith('.')
  );
}

const LONGEST = 253;
