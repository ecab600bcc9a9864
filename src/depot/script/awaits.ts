/**
 * Whether a script waits for somebody to type: whether one of its threads is asleep in a call that
 * reads its terminal, or in one that waits, without an end of its own, for the terminal to have
 * something. Linux tells by /proc/PID/syscall what a thread sleeps in, and with what arguments.
 */
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { contentOf, namesIn } from './processes.ts';

/** One wait: another one, even in the same call, has another key. */
export interface Wait {
  readonly key: string;
  /** Whether nothing but input ends it: a call with a time limit goes on by itself. */
  readonly endless: boolean;
}
export type InputWait = Wait | 'unknown' | undefined;

/**
 * @param pids the script's processes
 * @param tty the name of its terminal: `/dev/pts/3`
 * @returns undefined when none of them waits; `unknown` where the kernel does not tell of all
 */
export function inputWait(pids: readonly number[], tty: string): InputWait {
  if (SYSTEM_CALLS === undefined) return 'unknown';
  let told = pids.length > 0;
  for (const pid of pids) {
    for (const thread of namesIn(`/proc/${pid}/task`)) {
      const call = contentOf(`/proc/${pid}/task/${thread}/syscall`);
      // a set-id program is not an ordinary user's to look into
      told &&= call !== undefined;
      const endless = call === undefined ? undefined : waitsFor(call, pid, tty);
      if (endless !== undefined) return { key: `${thread} ${sleepsOf(pid, thread)}`, endless };
    }
  }
  return told ? undefined : 'unknown';
}

/** Calls by what their arguments mean, for the architectures whose numbers are known here. */
interface SystemCalls {
  /** (fd, …) */
  readonly reads: readonly number[];
  /** (pollfd *, count, milliseconds) */
  readonly poll?: number;
  /** (pollfd *, count, timespec *, …) */
  readonly ppoll: number;
  /** (count, fd_set *read, write, error, time *) */
  readonly selects: readonly number[];
  /** (epoll, events, count, milliseconds, …) */
  readonly epolls: readonly number[];
  /** (epoll, events, count, timespec *, …) */
  readonly epollTimespec: number;
}

/** asm/unistd_64.h; asm-generic/unistd.h for the newer ones. */
const GENERIC: SystemCalls = {
  reads: [63, 65],
  ppoll: 73,
  selects: [72],
  epolls: [22],
  epollTimespec: 441,
};
const BY_ARCHITECTURE: Readonly<Record<string, SystemCalls>> = {
  x64: {
    reads: [0, 19],
    poll: 7,
    ppoll: 271,
    selects: [23, 270],
    epolls: [232, 281],
    epollTimespec: 441,
  },
  arm64: GENERIC,
  riscv64: GENERIC,
  loong64: GENERIC,
};
const SYSTEM_CALLS = process.platform === 'linux' ? BY_ARCHITECTURE[process.arch] : undefined;

/**
 * `0 0x3 0x7f… …`: the call's number and its arguments; `running`, or `-1 …` outside a call.
 * @returns whether it waits without an end, or undefined when it is not for the terminal
 */
function waitsFor(line: string, pid: number, tty: string): boolean | undefined {
  if (SYSTEM_CALLS === undefined) return undefined;
  const [number = -1, ...words] = line.trim().split(' ').map(Number);
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = words;
  const isTerminal = (fd: number): boolean => leadsTo(pid, fd, tty);
  const { reads, poll, ppoll, selects, epolls, epollTimespec } = SYSTEM_CALLS;
  const about = (fds: readonly number[], endless: boolean): boolean | undefined =>
    fds.some(isTerminal) ? endless : undefined;
  if (reads.includes(number)) return about([first], true);
  if (number === poll) return about(polled(pid, first, second), isNegative(third));
  if (number === ppoll) return about(polled(pid, first, second), third === 0);
  if (selects.includes(number)) return about(selected(pid, second, first), fifth === 0);
  if (epolls.includes(number)) return about(registered(pid, first), isNegative(fourth));
  if (number === epollTimespec) return about(registered(pid, first), fourth === 0);
  return undefined;
}

/** A negative number of milliseconds, as an argument is shown. */
function isNegative(milliseconds: number): boolean {
  return milliseconds >= 0x8000_0000;
}

function leadsTo(pid: number, fd: number, tty: string): boolean {
  try {
    const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
    return path === tty || path === '/dev/tty';
  } catch {
    return false;
  }
}

const POLLIN = 1;
/** More than that nobody hands over. */
const MOST = 4096;

/** struct pollfd: int fd, short events, short revents. */
function polled(pid: number, address: number, count: number): number[] {
  const length = Math.min(count, MOST);
  const memory = memoryOf(pid, address, length * 8);
  return memory === undefined
    ? []
    : Array.from({ length }, (_, i) => i * 8)
        .filter((at) => (memory.readUInt16LE(at + 4) & POLLIN) !== 0)
        .map((at) => memory.readInt32LE(at));
}

function selected(pid: number, address: number, count: number): number[] {
  const length = Math.min(count, MOST);
  const memory = address === 0 ? undefined : memoryOf(pid, address, Math.ceil(length / 8));
  return memory === undefined
    ? []
    : Array.from({ length }, (_, fd) => fd).filter(
        (fd) => ((memory[fd >> 3] ?? 0) & (1 << (fd & 7))) !== 0,
      );
}

/** proc(5), fdinfo: `tfd:        0 events:       19 data: …` */
function registered(pid: number, epoll: number): number[] {
  const text = contentOf(`/proc/${pid}/fdinfo/${epoll}`) ?? '';
  return [...text.matchAll(/^tfd: +(\d+) events: +([0-9a-f]+)/gm)]
    .filter((match) => (Number.parseInt(match[2] ?? '0', 16) & POLLIN) !== 0)
    .map((match) => Number(match[1]));
}

function memoryOf(pid: number, address: number, length: number): Buffer | undefined {
  try {
    const fd = openSync(`/proc/${pid}/mem`, 'r');
    try {
      const buffer = Buffer.alloc(length);
      return readSync(fd, buffer, 0, length, address) === length ? buffer : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** How often the thread has gone to sleep: it counts on when it has been woken meanwhile. */
function sleepsOf(pid: number, thread: string): string {
  const status = contentOf(`/proc/${pid}/task/${thread}/status`) ?? '';
  return /^voluntary_ctxt_switches:\t(\d+)/m.exec(status)?.[1] ?? '';
}
