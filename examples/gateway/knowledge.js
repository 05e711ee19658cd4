// What was learned, in the loop's own format: knowledge:{category}:{timestamp} holds a JSON object, and the sorted set
// improvement:knowledge:{category} lists the keys, oldest first. `livhana` and Node see each other's entries.

const CATEGORY = /^[A-Za-z0-9_.-]+$/;
const SAME_MILLISECOND = 1000;

// The category or the entry cannot be kept; the message says why.
export class Unfit extends Error {}

export class Knowledge {
  constructor(client) {
    this.client = client;
  }

  // The key under which the entry is kept. The same entry at the same time is kept once.
  async remember(category, at, entry) {
    const index = indexOf(category);
    const document = documentOf(entry);
    for (let step = 0; step < SAME_MILLISECOND; step += 1) {
      const key = `knowledge:${category}:${stamp(at, step)}`;
      // Whoever comes first has the key; a key in the index stands for its holder's entry, whoever listed it.
      const [, , kept] = await this.client.multi().zAdd(index, { score: 0, value: key }).setNX(key, document).get(key).exec();
      if (kept === document) return key;
    }
    throw new Error(`Too much ${category} knowledge at ${at.toISOString()}; give it another time.`);
  }

  // All entries of a category, oldest first.
  async all(category) {
    const keys = await this.client.zRange(indexOf(category), 0, -1);
    const documents = keys.length ? await this.client.mGet(keys) : [];
    return documents.filter((document) => document !== null).map((document) => JSON.parse(document));
  }
}

function indexOf(category) {
  if (!CATEGORY.test(category)) throw new Unfit('A category has letters, digits, dots, dashes or underscores.');
  return `improvement:knowledge:${category}`;
}

// UTC with microseconds, of one width, so that text order is time order.
function stamp(at, step) {
  return at.toISOString().replaceAll(':', '-').replace('Z', `${String(step).padStart(3, '0')}Z`);
}

function documentOf(entry) {
  const plain = JSON.parse(JSON.stringify(entry) ?? 'null');
  if (plain === null || typeof plain !== 'object' || Array.isArray(plain)) throw new Unfit('An entry is an object.');
  return canonical(plain);
}

// One text per value, names in code point order, as the loop writes it: so both sides know the same entry again.
function canonical(value) {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const names = Object.keys(value).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(',')}}`;
}
