/** What the exit code says, the same for every command and every output format. */
export const ExitCode = {
  /** Every selected check ran; nothing at or above `--fail-on`. */
  ok: 0,
  /** Findings at or above `--fail-on`. */
  findings: 1,
  wrongUsage: 2,
  /** No cluster, bad kubeconfig, refused credentials, unreadable `--from`. */
  couldNotStart: 3,
  /** Nothing bad found, but a permission, an unreachable pod or the budget kept some checks from running. */
  incomplete: 4,
  /** `--wait` ran out. */
  waitRanOut: 124,
  /** Ctrl-C; what is known was printed first. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
