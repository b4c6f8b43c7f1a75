import type { Json } from '../model/json.ts';
import { objectsAt, textAt, textMapAt, textsAt } from './read.ts';

type Labels = Readonly<Record<string, string>>;

/** Whether every label of the selector is there with the same value. The empty selector matches everything. */
export function matchesLabels(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** A `metav1.LabelSelector` (matchLabels and matchExpressions) against labels. An absent selector matches nothing. */
export function matchesLabelSelector(selector: Json | undefined, labels: Labels): boolean {
  if (selector === undefined || selector === null) return false;
  if (!matchesLabels(textMapAt(selector, 'matchLabels'), labels)) return false;
  return objectsAt(selector, 'matchExpressions').every(({ value }) => {
    const key = textAt(value, 'key') ?? '';
    const actual = labels[key];
    const values = textsAt(value, 'values');
    switch (textAt(value, 'operator')) {
      case 'In':
        return actual !== undefined && values.includes(actual);
      case 'NotIn':
        return actual === undefined || !values.includes(actual);
      case 'Exists':
        return actual !== undefined;
      case 'DoesNotExist':
        return actual === undefined;
      default:
        return false;
    }
  });
}

/** `istio=ingressgateway,app=shop`: a selector as kubectl's `-l` takes it. */
export function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
