import type { Certificate } from '../model/certificate.ts';

const day = 86_400_000;

/** Whether a certificate is out of its dates at a moment, and on which side. */
export function outOfDate({ notBefore, notAfter }: Certificate, at: Date): 'expired' | 'not-yet-valid' | undefined {
  if (+new Date(notBefore) > +at) return 'not-yet-valid';
  return +new Date(notAfter) <= +at ? 'expired' : undefined;
}

export const isInDate = (certificate: Certificate, at: Date): boolean => outOfDate(certificate, at) === undefined;

/** The whole lifetime, in milliseconds. */
export const lifetimeOf = ({ notBefore, notAfter }: Certificate): number => +new Date(notAfter) - +new Date(notBefore);

/** `3 days`, `5 hours`: the larger unit that gives a number of one or more. */
export function spanText(milliseconds: number): string {
  const [count, unit] =
    Math.abs(milliseconds) >= day ? [milliseconds / day, 'day'] : [milliseconds / 3_600_000, 'hour'];
  const whole = Math.max(1, Math.floor(Math.abs(count)));
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

/** `3 days ago`, `in 5 hours`: a date of a certificate as seen from a moment. */
export function sinceText(date: string, at: Date): string {
  const distance = +new Date(date) - +at;
  return distance <= 0 ? `${spanText(distance)} ago` : `in ${spanText(distance)}`;
}
