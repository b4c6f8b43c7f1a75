import { Flags } from '@oclif/core';
import { IstlsError } from '../model/errors.ts';
import type { Lab } from '../lab/lab.ts';
import { nearest } from '../text/nearest.ts';
import { helpGroups } from './flags/help-groups.ts';

const port = (summary: string) =>
  Flags.integer({ helpGroup: helpGroups.probe, helpValue: 'PORT', summary, min: 1, max: 65_535 });

/** How a lab listens. */
export const labFlags = {
  'https-port': port('port of the gateway for HTTPS; a free one near 30443 unless given'),
  'http-port': port('port of the gateway for HTTP; a free one near 30080 unless given'),
  ipv6: Flags.boolean({ helpGroup: helpGroups.probe, summary: 'listen on ::1 as well' }),
};

/**
 * Starts a scenario of the lab; the default one without a name.
 *
 * @throws IstlsError with exit 2 for a name that is no scenario, 3 when the lab could not start
 */
export async function openLab(
  name: string | undefined,
  flags: {
    readonly 'https-port'?: number | undefined;
    readonly 'http-port'?: number | undefined;
    readonly ipv6?: boolean;
  },
): Promise<Lab> {
  const { defaultScenario, listScenarios, startLab } = await import('../lab/lab.ts');
  const wanted = name ?? defaultScenario;
  const names = listScenarios().map((scenario) => scenario.name);
  if (!names.includes(wanted)) {
    const near = nearest(wanted, names);
    throw new IstlsError('unknown-scenario', `there is no scenario "${wanted}"`, {
      exit: 2,
      hint: near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'istls lab list shows them',
    });
  }
  const ports = {
    ...(flags['https-port'] !== undefined && { https: flags['https-port'] }),
    ...(flags['http-port'] !== undefined && { http: flags['http-port'] }),
  };
  try {
    return await startLab(wanted, { ports, ipv6: flags.ipv6 === true });
  } catch (error) {
    throw new IstlsError(
      'lab-not-started',
      `the lab did not start: ${error instanceof Error ? error.message : String(error)}`,
      {
        exit: 3,
        cause: error,
      },
    );
  }
}
