/**
 * How a fix reaches the hosts of a site, simulated event by event: hosts that poll, or are told, a
 * server that has the store, and levels of caches between. What is assumed is written in
 * doc/simulation.md; figures come from outside. The same seed gives the same run.
 *
 * Times are in seconds since the fix was published, amounts in bytes.
 */

/**
 * @typedef {object} Parameters
 * @property {number} recordRequests asked by each pull: trust, names, heads
 * @property {number} recordBytes of their answers
 * @property {number} fixRequests besides, by a pull that finds the fix: listings and pieces of packs
 * @property {number} fixBytes of their answers
 * @property {number} fixObjects files that are made of them
 * @property {number} serverSecondsPerRequest of the one process that serves
 * @property {number} cacheSecondsPerRequest
 * @property {number} originBandwidth bytes a second
 * @property {number} cacheBandwidth bytes a second
 * @property {number} hostBandwidth bytes a second
 * @property {number} connections that a server or cache holds at the same time
 * @property {number} connectionsPerPull
 * @property {number} roundTrip seconds
 * @property {number} pullSeconds that a host itself needs for a pull that finds nothing
 * @property {number} objectsPerSecond that a host verifies and makes
 * @property {number} retrySeconds after which a host that is turned away asks again, twice as long each time
 * @property {number} noticeSeconds until a notice is there
 * @property {number} noticeJitter over how many seconds hosts spread the pull that a notice brings
 * @property {number} noticeMissed part of the hosts that hear of nothing and find it when they poll, 0 to 1
 * @property {number} noticePoll seconds between two polls of hosts that are told
 * @property {number} downSeconds until a host that is down is up again: at most, all times alike
 */

/**
 * @typedef {object} Scenario
 * @property {number} hosts
 * @property {readonly number[]} caches how many there are at each level, from the server down
 * @property {'nightly' | 'hourly' | 'notice'} news
 * @property {number} down part of the hosts that are down when the fix is published, 0 to 1
 * @property {number} seed
 */

/**
 * @typedef {object} Outcome
 * @property {readonly number[]} arrivals when each host had the fix, in order
 * @property {{ requests: number, bytes: number, recordRequests: number, busiest: number, fastest: number }} origin
 * what it answered until all had it; the busiest minute as part of what it could do, and bytes a second in the fastest
 * @property {number} fetches how often a cache asked for the fix
 * @property {number} delivered bytes that hosts got of the fix
 * @property {number} turnedAway pulls that found no free connection
 */

/** @param {Scenario} scenario @param {Parameters} parameters @returns {Outcome} */
export function simulate(scenario, parameters) {
  const { hosts, news, seed, down } = scenario;
  const random = createRandom(seed);
  const clock = createClock();
  const { origin, leaves, caches } = network(scenario, parameters, clock);
  /** @type {number[]} */
  const arrivals = [];
  let delivered = 0;
  let turnedAway = 0;

  for (let host = 0; host < hosts; host++) {
    const leaf = leaves[host % leaves.length] ?? origin;
    const splay = random();
    const isDown = random() < down;
    const back = isDown ? random() * parameters.downSeconds : 0;
    const jitter = parameters.noticeSeconds + random() * parameters.noticeJitter;
    const hears = news === 'notice' && random() >= parameters.noticeMissed;
    const polls = nextPoll(news) + splay * spreadOf(news, parameters);
    const first = isDown ? back : hears ? jitter : polls;
    clock.at(first, () => pull(leaf, 0));
  }

  /** @param {Place} leaf @param {number} attempt */
  function pull(leaf, attempt) {
    const taken = leaf.connect();
    if (taken === undefined) {
      turnedAway++;
      const pause = parameters.retrySeconds * 2 ** Math.min(attempt, MOST_DOUBLINGS);
      clock.after(pause * (0.5 + random()), () => pull(leaf, attempt + 1));
      return;
    }
    clock.after(parameters.pullSeconds + parameters.roundTrip, () => {
      leaf.records(() => {
        leaf.fix(() => {
          delivered += parameters.fixBytes;
          const slowest = Math.max(
            parameters.fixBytes / parameters.hostBandwidth,
            (Math.ceil(parameters.fixRequests / parameters.connectionsPerPull) + 1) *
              parameters.roundTrip,
          );
          clock.after(slowest, () => {
            taken();
            const made = parameters.fixObjects / parameters.objectsPerSecond;
            clock.after(made, () => arrivals.push(clock.now()));
          });
        });
      });
    });
  }

  clock.run();
  return {
    arrivals,
    origin: { ...origin.figures(), recordRequests: hosts * parameters.recordRequests },
    fetches: caches.reduce((sum, cache) => sum + cache.fetches(), 0),
    delivered,
    turnedAway,
  };
}

/** When hosts ask next: the first of them. @param {Scenario['news']} news */
function nextPoll(news) {
  // published at two in the afternoon; nights begin at three
  return news === 'nightly' ? 13 * HOUR : 0;
}

/** Over how many seconds they do. @param {Scenario['news']} news @param {Parameters} parameters */
function spreadOf(news, { noticePoll }) {
  return news === 'notice' ? noticePoll : HOUR;
}

/**
 * @typedef {object} Place a server or a cache, as those below it see it
 * @property {() => (() => void) | undefined} connect undefined when it has no connection free
 * @property {(done: () => void) => void} records answers what may have changed
 * @property {(done: () => void) => void} fix answers what makes the fix
 */

/** @param {Scenario} scenario @param {Parameters} parameters @param {Clock} clock */
function network({ caches: levels }, parameters, clock) {
  const origin = createOrigin(parameters, clock);
  /** @type {readonly Place[]} */
  let above = [origin];
  /** @type {ReturnType<typeof createCache>[]} */
  const all = [];
  for (const count of levels) {
    const parents = above;
    const level = Array.from({ length: count }, (_, i) =>
      createCache(parents[i % parents.length] ?? origin, parameters, clock),
    );
    all.push(...level);
    above = level;
  }
  return { origin, leaves: above, caches: all };
}

/** @param {Parameters} parameters @param {Clock} clock */
function createOrigin(parameters, clock) {
  const station = createStation(clock, {
    secondsPerRequest: parameters.serverSecondsPerRequest,
    bandwidth: parameters.originBandwidth,
  });
  return {
    connect: connections(parameters),
    records: (/** @type {() => void} */ done) =>
      station.serve(parameters.recordRequests, parameters.recordBytes, done),
    fix: (/** @type {() => void} */ done) =>
      station.serve(parameters.fixRequests, parameters.fixBytes, done),
    figures: station.figures,
  };
}

/** Records it asks for each time; the rest once, whoever comes meanwhile waits. @param {Place} parent @param {Parameters} parameters @param {Clock} clock */
function createCache(parent, parameters, clock) {
  const station = createStation(clock, {
    secondsPerRequest: parameters.cacheSecondsPerRequest,
    bandwidth: parameters.cacheBandwidth,
  });
  const { recordRequests, recordBytes, fixRequests, fixBytes, roundTrip } = parameters;
  /** @type {'absent' | 'coming' | 'here'} */
  let state = 'absent';
  /** @type {(() => void)[]} */
  let waiting = [];
  let fetches = 0;
  return {
    connect: connections(parameters),
    records(/** @type {() => void} */ done) {
      clock.after(roundTrip, () =>
        parent.records(() => station.serve(recordRequests, recordBytes, done)),
      );
    },
    fix(/** @type {() => void} */ done) {
      const answer = () => station.serve(fixRequests, fixBytes, done);
      if (state === 'here') answer();
      else waiting.push(answer);
      if (state !== 'absent') return;
      state = 'coming';
      fetches++;
      clock.after(roundTrip, () =>
        parent.fix(() => {
          state = 'here';
          for (const each of waiting) each();
          waiting = [];
        }),
      );
    },
    fetches: () => fetches,
  };
}

/** @param {Parameters} parameters @returns {Place['connect']} */
function connections({ connections: most, connectionsPerPull }) {
  let taken = 0;
  return () => {
    if (taken + connectionsPerPull > most) return undefined;
    taken += connectionsPerPull;
    return () => {
      taken -= connectionsPerPull;
    };
  };
}

/**
 * One process, and behind it one line to the network; whatever comes is served in the order in which it
 * has come.
 *
 * @param {Clock} clock
 * @param {{ secondsPerRequest: number, bandwidth: number }} speed
 */
export function createStation(clock, { secondsPerRequest, bandwidth }) {
  let processFree = 0;
  let lineFree = 0;
  let requests = 0;
  let bytes = 0;
  /** @type {Map<number, { seconds: number, bytes: number }>} */
  const minutes = new Map();

  /** @param {number} from @param {number} until @param {'seconds' | 'bytes'} what @param {number} perSecond */
  function enter(from, until, what, perSecond) {
    for (let at = from; at < until;) {
      const minute = Math.floor(at / MINUTE);
      const end = Math.min(until, (minute + 1) * MINUTE);
      const sum = minutes.get(minute) ?? { seconds: 0, bytes: 0 };
      sum[what] += (end - at) * perSecond;
      minutes.set(minute, sum);
      at = end;
    }
  }

  return {
    /** @param {number} count requests @param {number} length bytes of all answers @param {() => void} done */
    serve(count, length, done) {
      const begun = Math.max(clock.now(), processFree);
      processFree = begun + count * secondsPerRequest;
      enter(begun, processFree, 'seconds', 1);
      const sending = Math.max(processFree, lineFree);
      lineFree = sending + length / bandwidth;
      enter(sending, lineFree, 'bytes', bandwidth);
      requests += count;
      bytes += length;
      clock.at(lineFree, done);
    },
    figures() {
      const all = [...minutes.values()];
      return {
        requests,
        bytes,
        busiest: Math.max(
          0,
          ...all.map((each) => Math.max(each.seconds / MINUTE, each.bytes / bandwidth / MINUTE)),
        ),
        fastest: Math.max(0, ...all.map((each) => each.bytes / MINUTE)),
      };
    },
  };
}

/** @typedef {ReturnType<typeof createClock>} Clock */

/** What is to happen, in the order of its times; at the same time, in the order in which it was said. */
export function createClock() {
  /** @type {{ time: number, order: number, happens: () => void }[]} a heap, the next one first */
  const heap = [];
  let now = 0;
  let order = 0;

  /** @param {number} one @param {number} other */
  function isBefore(one, other) {
    const [a, b] = [heap[one], heap[other]];
    if (a === undefined || b === undefined) return a !== undefined;
    return a.time < b.time || (a.time === b.time && a.order < b.order);
  }

  /** @param {number} one @param {number} other */
  function swap(one, other) {
    const [a, b] = [heap[one], heap[other]];
    if (a !== undefined && b !== undefined) [heap[one], heap[other]] = [b, a];
  }

  function take() {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const least = isBefore(left + 1, left) ? left + 1 : left;
      if (!isBefore(least, at)) return first;
      swap(least, at);
      at = least;
    }
  }

  return {
    now: () => now,
    /** @param {number} time not before now @param {() => void} happens */
    at(time, happens) {
      heap.push({ time: Math.max(time, now), order: order++, happens });
      for (let at = heap.length - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (!isBefore(at, parent)) break;
        swap(at, parent);
        at = parent;
      }
    },
    /** @param {number} pause @param {() => void} happens */
    after(pause, happens) {
      this.at(now + pause, happens);
    },
    /** Until nothing is left. */
    run() {
      for (let next = take(); next !== undefined; next = take()) {
        now = next.time;
        next.happens();
      }
    },
  };
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). @param {number} seed */
export function createRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MINUTE = 60;
const HOUR = 3600;
/** Of the pause before another attempt. */
const MOST_DOUBLINGS = 6;
