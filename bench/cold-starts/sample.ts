// What samples for WebSocket APIs look like, AWS's own too: both clients from the SDK, all connections scanned, one post
// for each.
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";

export async function handler(event: { body: string }): Promise<{ statusCode: number }> {
  const dynamo = new DynamoDBClient({});
  const api = new ApiGatewayManagementApiClient({ endpoint: process.env.CALLBACK_URL });
  const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: process.env.CONNECTIONS_TABLE }));
  const posts = Items.map(({ connectionId }) =>
    api.send(new PostToConnectionCommand({ ConnectionId: connectionId?.S, Data: event.body })),
  );
  await Promise.all(posts);
  return { statusCode: 200 };
}
