import { createServer } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { isLetIn } from '../readmeWorld.js';
import { inBackground } from './inBackground.js';

interface HelloRequest {
  readonly name: string;
}
interface HelloReply {
  readonly message: string;
}

/** What a generator makes of a .proto file, but for the encoding: it is JSON here. */
const json = {
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as HelloRequest,
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as HelloReply,
};
const service = {
  sayHello: { path: '/Greeter/SayHello', requestStream: false, responseStream: false, ...json },
} satisfies grpc.ServiceDefinition;

interface GreeterClient extends grpc.Client {
  sayHello(
    request: HelloRequest,
    metadata: grpc.Metadata,
    callback: (error: grpc.ServiceError | null, reply: HelloReply) => void,
  ): grpc.ClientUnaryCall;
}

const sayHello: grpc.handleUnaryCall<HelloRequest, HelloReply> = ({ metadata, request }, answer) => {
  const [authorization] = metadata.get('authorization');
  if (isLetIn(authorization?.toString())) answer(null, { message: `Hello ${request.name}` });
  else answer({ code: grpc.status.UNAUTHENTICATED, details: 'The token is not valid' });
};

async function listening(): Promise<string> {
  const server = new grpc.Server();
  server.addService(service, { sayHello });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  return inBackground(createServer((socket) => injector.injectConnection(socket)));
}

const Greeter = grpc.makeGenericClientConstructor(service, 'Greeter');

/** A generated client of a real server on loopback. */
export const greeter = new Greeter(
  await listening(),
  grpc.credentials.createInsecure(),
) as unknown as GreeterClient;
