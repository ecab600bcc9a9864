/** How far something has come that takes its time, for whoever waits at a terminal. */
export interface Progress {
  /** `copying`, `comparing`; '' where the unit says it. Figures count from when it changes. */
  readonly doing: string;
  /** In the plural: `objects`. */
  readonly unit: string;
  readonly done: number;
  /** When it is known how many there will be. */
  readonly total?: number;
  /** When it is known how much there is to copy. */
  readonly bytes?: number;
  readonly totalBytes?: number;
}

/** Told as often as there is news; most of it is never shown. */
export type ShowProgress = (progress: Progress) => void;
