export const clock = (at: number): string => new Date(at).toLocaleTimeString('en-GB');
