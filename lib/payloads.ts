import { Duration, type RemovalPolicy } from "aws-cdk-lib";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import { BlockPublicAccess, Bucket, BucketEncryption, HttpMethods } from "aws-cdk-lib/aws-s3";
import { Construct, type IConstruct } from "constructs";
import { nameInFinding, suppress } from "./suppress.ts";

export interface PayloadsProps {
  /** Whole days for which an object is kept at least. */
  readonly days: number;
  /** Origins whose pages may fetch, or `*`. */
  readonly origins: string[];
  readonly removalPolicy: RemovalPolicy;
}

/** What a push says that no frame can carry: pages fetch it by an address that is good for minutes. */
export class Payloads extends Construct {
  readonly bucket: Bucket;
  /** Such as `https://{bucket}.s3.{region}.amazonaws.com`. */
  readonly url: string;

  constructor(scope: Construct, id: string, { days, origins, removalPolicy }: PayloadsProps) {
    super(scope, id);
    this.bucket = new Bucket(this, "Bucket", {
      removalPolicy,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(days) }],
      cors: [{ allowedMethods: [HttpMethods.GET], allowedOrigins: origins, maxAge: 3600 }],
    });
    // The address of its Region: the one without it redirects while a bucket is young, and no signature survives that.
    this.url = `https://${this.bucket.bucketRegionalDomainName}`;
    suppress(
      this.bucket,
      "S1",
      "Only signed requests get in: a log of them would be a second bucket, with an object for every few fetches",
    );
  }

  /** `bucket.grantRead` would allow to list them. */
  grant(grantee: IGrantable, ...actions: ("GetObject" | "PutObject")[]): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: actions.map((action) => `s3:${action}`),
      resourceArns: [this.bucket.arnForObjects("*")],
    });
  }
}

/** Call it once, with what contains all grantees. */
export function suppressPayloadFindings(scope: IConstruct, { bucket }: Payloads): void {
  suppress(
    scope,
    `IAM5[Resource::${nameInFinding(bucket, bucket.arnForObjects("*"))}]`,
    "Objects are named by what is in them: their names cannot be listed in a policy",
  );
}
