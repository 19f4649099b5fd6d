//! Random indexes, compared with a plain map.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use thoth_manta::{
    Accept, Code, Document, Error, Etag, Field, FieldTest, Index, IndexBatch,
    IndexQuery, Wanted,
};

use super::Random;
use crate::{BlobStore, MetaStore, ObjectStore};

type Map = BTreeMap<String, Document>;

/// Documents with values, put, replaced and removed at random; every query
/// finds all that pass, every count is right.
pub fn values<M: MetaStore, B: BlobStore>(
    store: &ObjectStore<M, B>,
    seed: u64,
) {
    let mut random = Random(seed);
    let mut map = Map::new();
    let mut position = 0;
    for step in 0..60 {
        let mut batch =
            IndexBatch { position: position + 1, ..IndexBatch::default() };
        for _ in 0..random.below(12) {
            let document = document(&mut random);
            batch.put.retain(|other| other.id != document.id);
            batch.put.push(document);
        }
        if step % 3 == 0 {
            let id = id(&mut random);
            batch.put.retain(|other| other.id != id);
            batch.remove.push(id);
        }
        for id in &batch.remove {
            map.remove(id);
        }
        for document in &batch.put {
            map.insert(document.id.clone(), document.clone());
        }
        assert!(store.index_apply("v", position, batch).unwrap());
        position += 1;
        for _ in 0..20 {
            compare_query(store, &map, &query(&mut random));
            compare_counts(store, &map, &mut random);
        }
        assert_eq!(store.index_verify("v").unwrap(), [""; 0]);
    }
    build(store, &map, position);
}

/// An index that is built answers as one that grew.
fn build<M: MetaStore, B: BlobStore>(
    store: &ObjectStore<M, B>,
    map: &Map,
    position: u64,
) {
    let mut random = Random(position);
    let all: Vec<Document> = map.values().cloned().collect();
    let mut parts = all.chunks(7);
    let built = store.index_build("v", 77, &mut || {
        // The one before goes on answering, and following.
        compare_query(store, map, &query(&mut random));
        Ok(parts.next().map(<[Document]>::to_vec))
    });
    assert!(built.unwrap());
    assert_eq!(store.index_position("v").unwrap(), 77);
    for _ in 0..100 {
        compare_query(store, map, &query(&mut random));
        compare_counts(store, map, &mut random);
    }
    assert_eq!(store.index_verify("v").unwrap(), [""; 0]);
    let first = all.first().unwrap().clone();
    build_again(store, map, &first);
    let only = Map::from([(first.id.clone(), first.clone())]);
    let batch =
        |position, put| IndexBatch { position, put, ..IndexBatch::default() };
    store.index_clear("v").unwrap();
    compare_query(store, &Map::new(), &IndexQuery::default());
    assert!(store.index_apply("v", 0, batch(1, vec![first])).unwrap());
    compare_query(store, &only, &IndexQuery::default());
}

/// Builds that fail or come second change nothing, and what follows one works
/// like on any index.
fn build_again<M: MetaStore, B: BlobStore>(
    store: &ObjectStore<M, B>,
    map: &Map,
    first: &Document,
) {
    let failed = store.index_build("v", 78, &mut || {
        Err(Error::new(Code::InternalError, "no more documents"))
    });
    assert!(failed.unwrap_err().to_string().contains("no more documents"));
    let twice = vec![first.clone(), first.clone()];
    let mut parts = vec![twice];
    store.index_build("v", 78, &mut || Ok(parts.pop())).unwrap_err();
    assert_eq!(store.index_position("v").unwrap(), 77);
    compare_query(store, map, &IndexQuery::default());
    // The build that begins last wins.
    let mut asked = 0;
    let earlier = store.index_build("v", 79, &mut || {
        asked += 1;
        if asked == 2 {
            let mut parts = vec![vec![first.clone()]];
            let later = store.index_build("v", 80, &mut || Ok(parts.pop()));
            assert!(later.unwrap());
        }
        Ok((asked < 5).then(Vec::new))
    });
    assert!(!earlier.unwrap());
    assert_eq!(store.index_position("v").unwrap(), 80);
    let mut one = Map::from([(first.id.clone(), first.clone())]);
    compare_query(store, &one, &IndexQuery::default());
    let batch = IndexBatch {
        position: 81,
        put: map.values().cloned().collect(),
        ..IndexBatch::default()
    };
    assert!(store.index_apply("v", 80, batch).unwrap());
    one.clone_from(map);
    compare_query(store, &one, &IndexQuery::default());
    assert_eq!(store.index_verify("v").unwrap(), [""; 0]);
    let mut none = Vec::new();
    assert!(store.index_build("v", 82, &mut || Ok(none.pop())).unwrap());
    compare_query(store, &Map::new(), &IndexQuery::default());
    assert_eq!(store.index_verify("v").unwrap(), [""; 0]);
}

fn id(random: &mut Random) -> String {
    format!("{:02x}", random.below(40))
}

fn pick(random: &mut Random, from: &[&str]) -> String {
    from[random.below(from.len() as u64) as usize].to_owned()
}

fn document(random: &mut Random) -> Document {
    let mut fields = Vec::new();
    for _ in 0..random.below(5) {
        let name = pick(random, &["a", "b", "c"]);
        let value = match random.below(8) {
            0 => None,
            _ => Some(pick(random, &["", "x", "xy", "y%", "\u{1}'\"", "é"])),
        };
        let field = Field { name, value };
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    let time = match random.below(6) {
        0 => None,
        1 => Some(86_400.0 * random.below(4) as f64),
        _ => Some(random.below(400_000) as f64 + 0.25),
    };
    let etag = format!("e{}", random.below(1000));
    Document { id: id(random), time, etag: Etag::parse(&etag).unwrap(), fields }
}

fn query(random: &mut Random) -> IndexQuery {
    let mut query = IndexQuery {
        newest_first: random.below(2) == 0,
        wanted: match random.below(3) {
            0 => Wanted::Nothing,
            1 => Wanted::Names(vec!["b".to_owned(), "c".to_owned()]),
            _ => Wanted::Everything,
        },
        ..IndexQuery::default()
    };
    if random.below(4) == 0 {
        query.id_prefix = Some(format!("{:x}", random.below(3)));
    }
    (query.after, query.before) = window(random);
    for _ in 0..random.below(3) {
        let start = pick(random, &["", "x", "y"]);
        let exact = random.below(2) == 0;
        let text = start.clone();
        query.tests.push(FieldTest {
            name: pick(random, &["a", "b", "never"]),
            marks: vec![pick(random, &["a", "b", "c"])],
            negated: random.below(3) == 0,
            exact: exact.then(|| vec![start.clone()]),
            accept: Accept(Arc::new(move |value: &str| {
                if exact { value == text } else { value.starts_with(&text) }
            })),
        });
    }
    query
}

fn window(random: &mut Random) -> (Option<f64>, Option<f64>) {
    let mut bound = || match random.below(4) {
        0 => None,
        1 => Some(86_400.0 * random.below(5) as f64),
        _ => Some(random.below(400_000) as f64),
    };
    (bound(), bound())
}

fn in_window(
    document: &Document,
    after: Option<f64>,
    before: Option<f64>,
) -> bool {
    match document.time {
        None => after.is_none() && before.is_none(),
        Some(time) => {
            after.is_none_or(|after| time > after)
                && before.is_none_or(|before| time < before)
        }
    }
}

fn passes(document: &Document, test: &FieldTest) -> bool {
    let marked = document
        .fields
        .iter()
        .any(|field| field.value.is_none() && test.marks.contains(&field.name));
    let accepted = document.fields.iter().any(|field| {
        field.name == test.name
            && field.value.as_deref().is_some_and(|v| (test.accept.0)(v))
    });
    marked || accepted != test.negated
}

fn compare_query<M: MetaStore, B: BlobStore>(
    store: &ObjectStore<M, B>,
    map: &Map,
    query: &IndexQuery,
) {
    let mut visited: Vec<Document> = Vec::new();
    store
        .index_query("v", query, &mut |document| {
            visited.push(document);
            ControlFlow::Continue(())
        })
        .unwrap();
    if query.newest_first {
        let time = |d: &Document| d.time.unwrap_or(f64::MIN);
        assert!(visited.is_sorted_by(|a, b| time(a) >= time(b)));
    } else if query.tests.is_empty() {
        assert!(visited.is_sorted_by(|a, b| a.id < b.id));
    }
    let mut seen: BTreeMap<&str, &Document> = BTreeMap::new();
    for document in &visited {
        let known = &map[&document.id];
        assert!(in_window(known, query.after, query.before), "{query:?}");
        assert_eq!((document.time, &document.etag), (known.time, &known.etag));
        assert_eq!(document.fields, wanted(known, &query.wanted));
        let again = seen.insert(&document.id, document);
        assert!(again.is_none(), "visited twice: {query:?}");
    }
    for document in map.values() {
        let prefix = query.id_prefix.as_deref().unwrap_or_default();
        let matches = document.id.starts_with(prefix)
            && in_window(document, query.after, query.before)
            && query.tests.iter().all(|test| passes(document, test));
        let found = seen.contains_key(document.id.as_str());
        assert!(found || !matches, "{document:?} left out by {query:?}");
        let prefixed = document.id.starts_with(prefix);
        assert!(prefixed || !found, "{document:?} visited by {query:?}");
    }
}

fn wanted(document: &Document, wanted: &Wanted) -> Vec<Field> {
    let mut fields: Vec<Field> = document
        .fields
        .iter()
        .filter(|field| match wanted {
            Wanted::Nothing => false,
            Wanted::Names(names) => names.contains(&field.name),
            Wanted::Everything => true,
        })
        .cloned()
        .collect();
    fields.sort();
    fields
}

fn compare_counts<M: MetaStore, B: BlobStore>(
    store: &ObjectStore<M, B>,
    map: &Map,
    random: &mut Random,
) {
    let (after, before) = window(random);
    let name = pick(random, &["a", "b", "never"]);
    let counts = store.index_values("v", &name, after, before).unwrap();
    let mut expected: BTreeMap<Option<String>, u64> = BTreeMap::new();
    let mut documents = 0;
    for document in map.values() {
        if !in_window(document, after, before) {
            continue;
        }
        documents += 1;
        for field in document.fields.iter().filter(|f| f.name == name) {
            *expected.entry(field.value.clone()).or_default() += 1;
        }
    }
    let found: BTreeMap<_, _> = counts.values.into_iter().collect();
    let window = (after, before);
    assert_eq!(found, expected, "{name} in {window:?}");
    assert_eq!(counts.documents, documents, "documents in {window:?}");
}
