/** Where the functions of a benchmark find AWS. */
export interface EnvironmentOptions {
  /** Of the tables and queues. */
  awsUrl: string;
  /** Of the stage, to which the functions post. */
  stageUrl: string;
  postsPerSecond?: number;
  workers?: number;
}

/** The environment variables of all functions. Credentials are as long as those of a Lambda function. */
export const environmentOf = (options: EnvironmentOptions): NodeJS.ProcessEnv => {
  const { awsUrl, stageUrl, postsPerSecond = 3_150, workers = 4 } = options;
  return {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "ASIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    AWS_SESSION_TOKEN: "IQoJb3JpZ2luX2Vj".repeat(62),
    AWS_ENDPOINT_URL: awsUrl,
    CALLBACK_URL: stageUrl,
    PAYLOADS_URL: `${awsUrl}/payloads`,
    REDELIVER_QUEUE_URL: `${awsUrl}/000000000000/ack-checks`,
    FAN_OUT_QUEUE_URL: `${awsUrl}/000000000000/tasks`,
    FAN_OUT_DEAD_LETTERS_URL: `${awsUrl}/000000000000/dead-letters`,
    FAN_OUT_WORKERS: `${workers}`,
    POSTS_PER_SECOND: `${postsPerSecond}`,
    RESENDS_PER_SECOND: "350",
    REDELIVER_WORKERS: "5",
    CONNECTIONS_TABLE: "Connections",
    ROOMS_TABLE: "Rooms",
    MESSAGES_TABLE: "Messages",
    TOKEN_SECRET_ARN: "arn:aws:secretsmanager:us-east-1:000000000000:secret:tokens",
    ALLOWED_ORIGINS: "*",
    RETENTION_SECONDS: "86400",
    REDELIVER_AFTER_SECONDS: "5",
    EVENT_BUS_NAME: "default",
  };
};
