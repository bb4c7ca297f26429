/** The account, Region and stack name that the template is resolved for. */
export interface Deployment {
  readonly stackName: string;
  readonly region: string;
  readonly accountId: string;
  /** `aws` */
  readonly partition: string;
}

/** The ARN of a resource that belongs to the account and the Region. */
export const arnOf = ({ partition, region, accountId }: Deployment, service: string, resource: string) =>
  `arn:${partition}:${service}:${region}:${accountId}:${resource}`;
