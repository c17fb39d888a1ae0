import { createServer, type Server } from 'node:http';
import { Observable } from 'rxjs';

/** Emits a server that listens on loopback, never completes, and closes it, with what is open, when it is left. */
export function listening(port = 0): Observable<Server> {
  return new Observable((subscriber) => {
    const http = createServer();
    http.once('error', (error) => subscriber.error(error));
    http.listen(port, '127.0.0.1', () => subscriber.next(http));
    return () => {
      http.close();
      http.closeAllConnections();
    };
  });
}
