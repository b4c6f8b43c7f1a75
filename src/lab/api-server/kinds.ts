/** One kind of object that the lab's API serves. */
export interface Kind {
  readonly group: string;
  /** Served versions, the preferred one first. Objects are stored once, whatever version they came in. */
  readonly versions: readonly string[];
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly string[];
  /** Served by a CustomResourceDefinition: no strategic merge patch, no protobuf, its own words for "not found". */
  readonly custom: boolean;
}

/** The optional APIs: a cluster may lack them, and a client has to bear with that. */
export const optionalApis = [
  'istio',
  'gateway-api',
  'cert-manager',
  'external-secrets',
  'sealed-secrets',
  'secrets-store-csi',
] as const;
export type OptionalApi = (typeof optionalApis)[number];

interface Api {
  readonly group: string;
  readonly versions: string;
  readonly optional?: OptionalApi;
  /** `plural Kind [cluster] [short=a,b] [all] [+subresource]`. */
  readonly kinds: readonly string[];
}

const apis: readonly Api[] = [
  {
    group: '',
    versions: 'v1',
    kinds: [
      'configmaps ConfigMap short=cm',
      'endpoints Endpoints short=ep',
      'events Event short=ev',
      'namespaces Namespace cluster short=ns +status',
      'nodes Node cluster short=no +status',
      'persistentvolumeclaims PersistentVolumeClaim short=pvc +status',
      'pods Pod short=po all +status +log +exec +portforward',
      'replicationcontrollers ReplicationController short=rc all +status',
      'secrets Secret',
      'serviceaccounts ServiceAccount short=sa',
      'services Service short=svc all +status',
    ],
  },
  {
    group: 'apps',
    versions: 'v1',
    kinds: [
      'daemonsets DaemonSet short=ds all +status',
      'deployments Deployment short=deploy all +status',
      'replicasets ReplicaSet short=rs all +status',
      'statefulsets StatefulSet short=sts all +status',
    ],
  },
  { group: 'batch', versions: 'v1', kinds: ['jobs Job all +status', 'cronjobs CronJob short=cj all +status'] },
  {
    group: 'autoscaling',
    versions: 'v2',
    kinds: ['horizontalpodautoscalers HorizontalPodAutoscaler short=hpa all +status'],
  },
  { group: 'policy', versions: 'v1', kinds: ['poddisruptionbudgets PodDisruptionBudget short=pdb +status'] },
  {
    group: 'networking.k8s.io',
    versions: 'v1',
    kinds: [
      'ingressclasses IngressClass cluster',
      'ingresses Ingress short=ing +status',
      'networkpolicies NetworkPolicy short=netpol',
    ],
  },
  { group: 'discovery.k8s.io', versions: 'v1', kinds: ['endpointslices EndpointSlice'] },
  { group: 'events.k8s.io', versions: 'v1', kinds: ['events Event short=ev'] },
  { group: 'coordination.k8s.io', versions: 'v1', kinds: ['leases Lease'] },
  {
    group: 'rbac.authorization.k8s.io',
    versions: 'v1',
    kinds: [
      'clusterrolebindings ClusterRoleBinding cluster',
      'clusterroles ClusterRole cluster',
      'rolebindings RoleBinding',
      'roles Role',
    ],
  },
  {
    group: 'admissionregistration.k8s.io',
    versions: 'v1',
    kinds: [
      'mutatingwebhookconfigurations MutatingWebhookConfiguration cluster',
      'validatingwebhookconfigurations ValidatingWebhookConfiguration cluster',
    ],
  },
  {
    group: 'apiextensions.k8s.io',
    versions: 'v1',
    kinds: ['customresourcedefinitions CustomResourceDefinition cluster short=crd,crds +status'],
  },
  { group: 'authentication.k8s.io', versions: 'v1', kinds: ['selfsubjectreviews SelfSubjectReview cluster'] },
  {
    group: 'authorization.k8s.io',
    versions: 'v1',
    kinds: [
      'localsubjectaccessreviews LocalSubjectAccessReview',
      'selfsubjectaccessreviews SelfSubjectAccessReview cluster',
      'selfsubjectrulesreviews SelfSubjectRulesReview cluster',
      'subjectaccessreviews SubjectAccessReview cluster',
    ],
  },
  {
    group: 'networking.istio.io',
    versions: 'v1 v1beta1 v1alpha3',
    optional: 'istio',
    kinds: [
      'destinationrules DestinationRule short=dr +status',
      'envoyfilters EnvoyFilter +status',
      'gateways Gateway short=gw +status',
      'proxyconfigs ProxyConfig +status',
      'serviceentries ServiceEntry short=se +status',
      'sidecars Sidecar +status',
      'virtualservices VirtualService short=vs +status',
      'workloadentries WorkloadEntry short=we +status',
      'workloadgroups WorkloadGroup short=wg +status',
    ],
  },
  {
    group: 'security.istio.io',
    versions: 'v1 v1beta1',
    optional: 'istio',
    kinds: [
      'authorizationpolicies AuthorizationPolicy short=ap +status',
      'peerauthentications PeerAuthentication short=pa +status',
      'requestauthentications RequestAuthentication short=ra +status',
    ],
  },
  {
    group: 'telemetry.istio.io',
    versions: 'v1 v1alpha1',
    optional: 'istio',
    kinds: ['telemetries Telemetry short=telemetry +status'],
  },
  {
    group: 'extensions.istio.io',
    versions: 'v1alpha1',
    optional: 'istio',
    kinds: ['wasmplugins WasmPlugin +status'],
  },
  {
    group: 'gateway.networking.k8s.io',
    versions: 'v1 v1beta1',
    optional: 'gateway-api',
    kinds: [
      'gatewayclasses GatewayClass cluster short=gc +status',
      'gateways Gateway short=gtw +status',
      'httproutes HTTPRoute +status',
      'grpcroutes GRPCRoute +status',
      'backendtlspolicies BackendTLSPolicy short=btlspolicy +status',
    ],
  },
  {
    group: 'gateway.networking.k8s.io',
    versions: 'v1beta1',
    optional: 'gateway-api',
    kinds: ['referencegrants ReferenceGrant short=refgrant'],
  },
  {
    group: 'gateway.networking.k8s.io',
    versions: 'v1alpha2',
    optional: 'gateway-api',
    kinds: ['tcproutes TCPRoute +status', 'tlsroutes TLSRoute +status'],
  },
  {
    group: 'cert-manager.io',
    versions: 'v1',
    optional: 'cert-manager',
    kinds: [
      'certificaterequests CertificateRequest short=cr,crs +status',
      'certificates Certificate short=cert,certs +status',
      'clusterissuers ClusterIssuer cluster +status',
      'issuers Issuer +status',
    ],
  },
  {
    group: 'acme.cert-manager.io',
    versions: 'v1',
    optional: 'cert-manager',
    kinds: ['challenges Challenge +status', 'orders Order +status'],
  },
  {
    group: 'external-secrets.io',
    versions: 'v1 v1beta1',
    optional: 'external-secrets',
    kinds: [
      'clustersecretstores ClusterSecretStore cluster short=css +status',
      'externalsecrets ExternalSecret short=es +status',
      'secretstores SecretStore short=ss +status',
    ],
  },
  {
    group: 'bitnami.com',
    versions: 'v1alpha1',
    optional: 'sealed-secrets',
    kinds: ['sealedsecrets SealedSecret +status'],
  },
  {
    group: 'secrets-store.csi.x-k8s.io',
    versions: 'v1',
    optional: 'secrets-store-csi',
    kinds: ['secretproviderclasses SecretProviderClass'],
  },
];

/** The kinds of a cluster that has these optional APIs installed. */
export function kindsOf(installed: readonly OptionalApi[]): readonly Kind[] {
  return apis
    .filter(({ optional }) => optional === undefined || installed.includes(optional))
    .flatMap((api) => api.kinds.map((line) => readKind(api, line)));
}

function readKind(api: Api, line: string): Kind {
  const [plural = '', kind = '', ...marks] = line.split(' ');
  return {
    group: api.group,
    versions: api.versions.split(' '),
    plural,
    singular: kind.toLowerCase(),
    kind,
    namespaced: !marks.includes('cluster'),
    shortNames: marks.flatMap((mark) => (mark.startsWith('short=') ? mark.slice('short='.length).split(',') : [])),
    categories: marks.includes('all') ? ['all'] : [],
    subresources: marks.flatMap((mark) => (mark.startsWith('+') ? [mark.slice(1)] : [])),
    custom: api.optional !== undefined,
  };
}

/** Reviews are questions, not objects: they can only be created, and nothing is stored. */
export function isReview(kind: Kind): boolean {
  return kind.plural.endsWith('reviews');
}

export function groupVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `secrets`, `gateways.networking.istio.io`: how the API's messages name a resource. */
export function groupResource(kind: Pick<Kind, 'group' | 'plural'>): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}
