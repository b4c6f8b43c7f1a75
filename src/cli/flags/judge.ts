import { Flags } from '@oclif/core';
import { helpGroups } from './help-groups.ts';
import { count, repeatable } from './kinds.ts';

const helpGroup = helpGroups.judge;

/** Which checks run, what is shown of them, and what makes the run fail. */
export const judgeFlags = {
  check: Flags.string({
    helpValue: 'NAME',
    helpGroup,
    summary: 'run only these checks; * matches any text (repeatable)',
    ...repeatable,
  }),
  skip: Flags.string({
    helpValue: 'NAME',
    helpGroup,
    summary: 'leave these checks out; * matches any text (repeatable)',
    ...repeatable,
  }),
  'min-severity': Flags.option({
    options: ['error', 'warning', 'info'] as const,
    helpGroup,
    summary: 'show nothing below this; changes no exit code',
    default: 'info',
  })(),
  'fail-on': Flags.option({
    options: ['error', 'warning', 'info', 'never'] as const,
    helpGroup,
    summary: 'exit with 1 for findings of this severity and above',
    default: 'error',
  })(),
  'allow-incomplete': Flags.boolean({ helpGroup, summary: 'exit with 0 instead of 4 where some checks could not run' }),
  suppress: Flags.string({
    helpValue: "'CHECK=KIND NAMESPACE/NAME'",
    helpGroup,
    summary: 'a known finding: counted, and no longer failing (repeatable)',
    ...repeatable,
  }),
  baseline: Flags.string({
    helpValue: 'REPORT.json',
    helpGroup,
    summary: 'an earlier report: findings that it has do not fail, and each is marked new, fixed or unchanged',
  }),
  expect: Flags.string({ helpValue: 'FILE', helpGroup, summary: 'what each host of a fresh deployment must show' }),
  'expect-status': count({ helpGroup, helpValue: 'STATUS', summary: 'HTTP status that the host must answer' }),
  'expect-issuer': Flags.string({ helpValue: 'NAME', helpGroup, summary: 'issuer that the certificate must have' }),
  'expect-fingerprint': Flags.string({
    helpValue: 'SHA256',
    helpGroup,
    summary: 'SHA-256 that the certificate must have, with or without colons',
  }),
  'expect-min-tls': Flags.option({
    options: ['1.2', '1.3'] as const,
    helpGroup,
    summary: 'TLS version that must be the lowest taken',
  })(),
  'verify-fixes': Flags.boolean({
    helpGroup,
    summary: 'send each proposed change to the Kubernetes API as a dry run, which changes nothing',
  }),
};
