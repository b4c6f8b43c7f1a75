/** One request as the API server saw it. Nothing of headers or bodies is kept. */
export interface AuditRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly user: string;
  readonly impersonatedBy?: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** The verb of a request for objects, as RBAC names it. */
  readonly verb?: string;
  /** `secrets`, `gateways.networking.istio.io`, `pods/log`. */
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly status: number;
  /** The client asked for names and metadata alone. */
  readonly metadataOnly: boolean;
  readonly dryRun: boolean;
}
