import { Duration, type RemovalPolicy } from "aws-cdk-lib";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import { BlockPublicAccess, Bucket, BucketEncryption, HttpMethods } from "aws-cdk-lib/aws-s3";
import { Construct, type IConstruct } from "constructs";
import { nameInFinding, suppress } from "./suppress.ts";

export interface PayloadsProps {
  /** The lifetime of an object in whole days. */
  readonly days: number;
  /** Origins whose pages may fetch objects, or `*`. */
  readonly origins: string[];
  readonly removalPolicy: RemovalPolicy;
}

/** The bucket of payloads that are too large for a frame. Pages fetch them by signed URLs that expire within minutes. */
export class Payloads extends Construct {
  readonly bucket: Bucket;
  /** For example `https://{bucket}.s3.{region}.amazonaws.com`. */
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
    // With the Region: the global URL of a new bucket redirects, which invalidates the signature.
    this.url = `https://${this.bucket.bucketRegionalDomainName}`;
    suppress(
      this.bucket,
      "S1",
      "Only signed requests are accepted; an access log would be a second bucket with an object for every few fetches",
    );
  }

  /** Unlike `bucket.grantRead`, does not allow listing objects. */
  grant(grantee: IGrantable, ...actions: ("GetObject" | "PutObject")[]): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: actions.map((action) => `s3:${action}`),
      resourceArns: [this.bucket.arnForObjects("*")],
    });
  }
}

/** Call this once, with a construct that contains all grantees. */
export function suppressPayloadFindings(scope: IConstruct, { bucket }: Payloads): void {
  suppress(
    scope,
    `IAM5[Resource::${nameInFinding(bucket, bucket.arnForObjects("*"))}]`,
    "Objects are named by the hash of their content: a policy cannot list their names",
  );
}
