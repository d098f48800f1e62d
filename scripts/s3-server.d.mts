export function s3Server(options?: {
  log?: (line: string) => void;
}): Promise<{ python: string; unavailable?: never } | { unavailable: string; python?: never }>;
