import { fileURLToPath } from "node:url";
import type { Assembly, Template, TemplateResource } from "../../../local/template/assembly.ts";

/** Folder of the handlers that tests use as functions. */
export const handlersFolder = fileURLToPath(new URL("./handlers", import.meta.url));

/** A cloud assembly with these resources. The asset `handlers.zip` is the folder `support/handlers`. */
export function assemblyOf(Resources: Record<string, TemplateResource>, rest: Partial<Template> = {}): Assembly {
  return {
    stackName: "Small",
    template: { Resources, ...rest },
    assets: new Map([["handlers.zip", handlersFolder]]),
  };
}

const statement = (Action: string | string[], Resource: unknown, Effect = "Allow") => ({ Effect, Action, Resource });
export const policyDocument = (...Statement: unknown[]) => ({ Version: "2012-10-17", Statement });

/** A function whose role may get and put items of a table, query its index, and read a secret. */
export const smallResources = (): Record<string, TemplateResource> => ({
  Role: { Type: "AWS::IAM::Role", Properties: {} },
  Policy: {
    Type: "AWS::IAM::Policy",
    Properties: {
      Roles: [{ Ref: "Role" }],
      PolicyDocument: policyDocument(
        statement(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:BatchWriteItem"], {
          "Fn::GetAtt": ["Table", "Arn"],
        }),
        statement("dynamodb:Query", { "Fn::Join": ["", [{ "Fn::GetAtt": ["Table", "Arn"] }, "/index/*"]] }),
        statement("secretsmanager:GetSecretValue", { Ref: "Secret" }),
      ),
    },
  },
  Function: {
    Type: "AWS::Lambda::Function",
    Properties: {
      Code: { S3Bucket: "assets", S3Key: "handlers.zip" },
      Handler: "index.variables",
      Runtime: "nodejs24.x",
      MemorySize: 256,
      Timeout: 5,
      Role: { "Fn::GetAtt": ["Role", "Arn"] },
      Environment: {
        Variables: {
          TABLE: { Ref: "Table" },
          CALLBACK_URL: {
            "Fn::Sub": `https://\${Api}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/socket`,
          },
        },
      },
    },
  },
  Api: { Type: "AWS::ApiGatewayV2::Api", Properties: { ProtocolType: "WEBSOCKET" } },
  Table: {
    Type: "AWS::DynamoDB::Table",
    Properties: {
      AttributeDefinitions: [
        { AttributeName: "id", AttributeType: "S" },
        { AttributeName: "at", AttributeType: "N" },
      ],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      GlobalSecondaryIndexes: [
        {
          IndexName: "byTime",
          KeySchema: [{ AttributeName: "at", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      BillingMode: "PAY_PER_REQUEST",
      TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
    },
  },
  Secret: {
    Type: "AWS::SecretsManager::Secret",
    Properties: { GenerateSecretString: { PasswordLength: 40, ExcludePunctuation: true } },
  },
});
