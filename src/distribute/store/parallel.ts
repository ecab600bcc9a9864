/** Requests to a store at the same time, as many as it bears. */

/** Runs all of them, `most` at a time; the first that fails ends it when those that have begun are done. */
export async function inParallel(
  tasks: readonly (() => Promise<void>)[],
  most: number,
): Promise<void> {
  const queue = [...tasks].values();
  const errors: unknown[] = [];
  async function work(): Promise<void> {
    for (const task of queue) {
      if (errors.length > 0) return;
      try {
        await task();
      } catch (error) {
        errors.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: most }, work));
  if (errors.length > 0) throw errors[0];
}
