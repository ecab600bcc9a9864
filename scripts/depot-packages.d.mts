/** For tests, which are in TypeScript. */
export interface DepotPackage {
  readonly name: string;
  readonly why: string;
  readonly as?: string;
  readonly priority?: number;
  readonly links?: Readonly<Record<string, string>>;
  readonly owners?: Readonly<Record<string, string>>;
  readonly units?: boolean;
  readonly replace?: readonly string[];
  readonly export?: Readonly<Record<string, string>>;
}
export const DEPOT_PACKAGES: readonly DepotPackage[];
