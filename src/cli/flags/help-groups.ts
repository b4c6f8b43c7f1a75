/** The headings under which help lists flags, in this order. */
export const helpGroups = {
  cluster: 'Cluster',
  evidence: 'Evidence',
  probe: 'Connections',
  judge: 'What is judged, and what fails',
  time: 'Time',
  output: 'Output',
} as const;
