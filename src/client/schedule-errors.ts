/** What the SDK throws about schedules, in errors of ours. */
import { isGrpcServiceError, ScheduleAlreadyRunning } from '@temporalio/client';
import { SpecInvalidError, TaskStateError } from '../domain/errors.js';
import { fault } from '../domain/fault.js';

/** gRPC's status for a request that is wrong. */
const INVALID_ARGUMENT = 3;

/** What the server refuses, in words of ours; anything else as it is. */
export function refusalOf(id: string, error: unknown): unknown {
  if (error instanceof ScheduleAlreadyRunning)
    return new TaskStateError(
      `schedule ${JSON.stringify(id)} already exists; choose another id, or update or delete it`,
      { cause: error },
    );
  // The SDK makes a TypeError of a refused spec; our own calls are typed.
  if (error instanceof TypeError) return refused(error.message);
  const { cause } = error as { cause?: unknown };
  const grpc = isGrpcServiceError(error) ? error : isGrpcServiceError(cause) ? cause : undefined;
  return grpc && Number(grpc.code) === INVALID_ARGUMENT ? refused(grpc.details) : error;
}

const refused = (message: string): SpecInvalidError =>
  new SpecInvalidError([fault([], 'INVALID_VALUE', `Temporal refuses it: ${message}`)], 'schedule');
