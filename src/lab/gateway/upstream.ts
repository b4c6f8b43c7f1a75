import type { Duplex } from 'node:stream';
import type { Destination } from './plan.ts';

/** What a gateway finds behind a destination. */
export type Upstream =
  /** No such Service, or no such port of it: istiod made no cluster. */
  | { readonly state: 'no-cluster' }
  | { readonly state: 'no-endpoints'; readonly cluster: string }
  | {
      readonly state: 'ready';
      readonly cluster: string;
      /** `ADDRESS:PORT` of the endpoint. */
      readonly address: string;
      /** Whether a DestinationRule has the gateway open TLS towards it. */
      readonly originatesTls: boolean;
      /** Whether the application expects TLS. */
      readonly expectsTls: boolean;
      readonly application: Application;
    };

/** The application behind a Service. */
export interface Application {
  /** Answers one HTTP request. */
  answer(request: ApplicationRequest): ApplicationAnswer;
  /** Opens a connection, for traffic that the gateway passes on as bytes. */
  connect(): Duplex;
}

export interface ApplicationRequest {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
}

export interface ApplicationAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type FindUpstream = (destination: Destination) => Upstream;
