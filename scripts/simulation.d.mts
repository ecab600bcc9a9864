/** For tests, which are in TypeScript. */
export interface Parameters {
  readonly recordRequests: number;
  readonly recordBytes: number;
  readonly fixRequests: number;
  readonly fixBytes: number;
  readonly fixObjects: number;
  readonly serverSecondsPerRequest: number;
  readonly cacheSecondsPerRequest: number;
  readonly originBandwidth: number;
  readonly cacheBandwidth: number;
  readonly hostBandwidth: number;
  readonly connections: number;
  readonly connectionsPerPull: number;
  readonly roundTrip: number;
  readonly pullSeconds: number;
  readonly objectsPerSecond: number;
  readonly retrySeconds: number;
  readonly noticeSeconds: number;
  readonly noticeJitter: number;
  readonly noticeMissed: number;
  readonly noticePoll: number;
  readonly downSeconds: number;
}
export interface Scenario {
  readonly hosts: number;
  readonly caches: readonly number[];
  readonly news: 'nightly' | 'hourly' | 'notice';
  readonly down: number;
  readonly seed: number;
}
export interface Outcome {
  readonly arrivals: readonly number[];
  readonly origin: {
    readonly requests: number;
    readonly bytes: number;
    readonly recordRequests: number;
    readonly busiest: number;
    readonly fastest: number;
  };
  readonly fetches: number;
  readonly delivered: number;
  readonly turnedAway: number;
}
export function simulate(scenario: Scenario, parameters: Parameters): Outcome;
export interface Clock {
  now(): number;
  at(time: number, happens: () => void): void;
  after(pause: number, happens: () => void): void;
  run(): void;
}
export function createClock(): Clock;
export function createStation(
  clock: Clock,
  speed: { readonly secondsPerRequest: number; readonly bandwidth: number },
): { serve(count: number, length: number, done: () => void): void };
export function createRandom(seed: number): () => number;
