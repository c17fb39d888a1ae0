import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { clock } from './clock';
import type { Lane } from './lane';
import { nameOf } from './nameOf';
import { toSentence } from './toSentence';

const SHOWN = 8;

/** The picture again, in words. */
@Component({
  selector: 'demo-diary',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2>What happened</h2>
    <ol role="log" aria-label="What happened, newest first">
      @for (entry of entries(); track entry.key) {
        <li>
          <time>{{ entry.time }}</time>
          <strong>{{ entry.who }}</strong>
          <span>{{ entry.what }}</span>
        </li>
      } @empty {
        <li class="nothing">Nothing yet.</li>
      }
    </ol>
  `,
  styles: `
    ol {
      margin-top: 0.7rem;
      list-style: none;
    }
    li {
      display: grid;
      grid-template-columns: 5.5rem 11rem 1fr;
      gap: 0 0.8rem;
      align-items: baseline;
      padding: 0.3rem 0;
      border-top: 1px solid var(--rule);
    }
    .nothing {
      display: block;
    }
    time {
      color: var(--ink-2);
      font: 400 0.78rem/1.5 var(--figures);
      font-stretch: 75%;
    }
    strong {
      font-weight: 600;
    }
    @media (max-width: 46rem) {
      li {
        grid-template-columns: 4.6rem 1fr;
      }
      span {
        grid-column: 2;
      }
    }
  `,
})
export class Diary {
  readonly lanes = input.required<ReadonlyMap<number, Lane>>();
  readonly me = input<number>();

  protected readonly entries = computed(() =>
    [...this.lanes().values()]
      .flatMap(({ id, marks }) => marks.map((mark) => ({ id, mark })))
      .sort((a, b) => b.mark.at - a.mark.at)
      .slice(0, SHOWN)
      .map(({ id, mark }) => ({
        key: `${id} ${mark.type} ${mark.at}`,
        time: clock(mark.at),
        who: nameOf(id) + (id === this.me() ? ', this one' : ''),
        what: toSentence(mark),
      })),
  );
}
