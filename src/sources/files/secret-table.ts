/**
 * The table that `kubectl get secrets -A` prints, as a bug-report keeps it: NAMESPACE NAME TYPE DATA AGE.
 * It proves that a Secret exists, and nothing of what is in it.
 */
export function readSecretTable(text: string): readonly { readonly namespace: string; readonly name: string }[] {
  return text.split('\n').flatMap((line) => {
    const [namespace, name, type, data] = line.trim().split(/\s+/);
    if (namespace === undefined || name === undefined || type === undefined || !/^\d+$/.test(data ?? '')) return [];
    return [{ namespace, name }];
  });
}
