/** The commands of lfu, in the order of its help; each is loaded when it is called. */
import type { LfuCommand } from './lfu-command.ts';

export interface LfuCommandEntry {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly load: () => Promise<LfuCommand>;
}

/** Any other first word of a command line is an option or MASTER. */
export const LFU_COMMANDS: readonly LfuCommandEntry[] = [
  {
    name: 'update',
    summary: 'the masters of /etc/lfu.toml in their order: what a slave runs every night',
    load: async () => (await import('./lfu-update.ts')).command,
  },
  {
    name: 'explain',
    summary: 'what the rules say of one object, which test decided, what a run would do',
    load: async () => (await import('./lfu-explain.ts')).command,
  },
  {
    name: 'owns',
    summary: 'which master supplied an object of a slave, and who else offers it',
    load: async () => (await import('./lfu-owns.ts')).command,
  },
  {
    name: 'recent',
    summary: 'what updates have changed lately, for any user',
    load: async () => (await import('./lfu-recent.ts')).command,
  },
  {
    name: 'mark',
    summary: 'gives the root of a master a name, which runs can demand',
    load: async () => (await import('./lfu-mark.ts')).command,
  },
  {
    name: 'scan',
    summary: 'writes down what a master is, for slaves to read instead of looking',
    load: async () => (await import('./lfu-scan.ts')).command,
  },
];
