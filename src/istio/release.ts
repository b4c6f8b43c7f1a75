/** An Istio release, as far as its number tells: `1.29.5` has a patch, `1.29` has none. */
export interface Release {
  readonly major: number;
  readonly minor: number;
  readonly patch?: number;
}

/**
 * Reads a release from a version, an image tag or a label: `1.29.5`, `1.29.5-distroless`, `release-1.1-latest-daily`,
 * `1-29-5`, `v1.20.3-asm.1`. Gives nothing where there is no such number in it (`latest`, a digest).
 */
export function readRelease(text: string): Release | undefined {
  const match = /(?:^|[^\d.])(1)[.-](\d{1,2})(?:[.-](\d{1,3}))?(?![\d])/.exec(` ${text}`);
  if (!match) return undefined;
  const [, major, minor, patch] = match;
  return { major: Number(major), minor: Number(minor), ...(patch !== undefined && { patch: Number(patch) }) };
}

export function releaseText(release: Release): string {
  const { major, minor, patch } = release;
  return patch === undefined ? `${major}.${minor}` : `${major}.${minor}.${patch}`;
}

/**
 * Whether a rule that came with `since` holds. A release that is not known is taken for a current one: the rules of
 * today are the better guess. Without a patch number the first patch of its minor is meant.
 */
export function atLeast(release: Release | undefined, major: number, minor: number, patch = 0): boolean {
  if (!release) return true;
  if (release.major !== major) return release.major > major;
  if (release.minor !== minor) return release.minor > minor;
  return (release.patch ?? Number.POSITIVE_INFINITY) >= patch;
}

/** The opposite of `atLeast`, and false when the release is not known. */
export function before(release: Release | undefined, major: number, minor: number, patch = 0): boolean {
  return release !== undefined && !atLeast(release, major, minor, patch);
}

/** The Envoy that an Istio release ships: minor plus eight, since 1.4 (reference: Istio's VERSION files, 1.4 to 1.9). */
export function envoyMinor(release: Release): number {
  return release.minor + 8;
}
