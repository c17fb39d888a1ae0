import { SERVER } from './lane';

export const nameOf = (id: number): string => (id === SERVER ? 'Authorization server' : `Tab ${id}`);
