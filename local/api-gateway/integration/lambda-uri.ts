const uriPattern = /^arn:[\w-]+:apigateway:[\w-]+:lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/;

/**
 * The function ARN in the URI of an integration or authorizer.
 *
 * @throws if the URI is not that of a Lambda function
 */
export function functionArnOf(uri: string, location: string): string {
  const arn = uriPattern.exec(uri)?.[1];
  if (arn !== undefined) return arn;
  throw new Error(
    `${location}: the URI should be arn:…:lambda:path/2015-03-31/functions/{function ARN}/invocations, got ${uri}`,
  );
}
