//! object_store as programs use it, over HTTPS in host style and HTTP in path style.

use std::error::Error;
use std::path::{Path as FilePath, PathBuf};

use futures::{stream, StreamExt, TryStreamExt};
use object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::path::Path;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion, WriteMultipart,
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn connect() -> Outcome<MicrosoftAzure> {
    // user's lines
    let store = MicrosoftAzureBuilder::new()
        .with_account("acct1")
        .with_access_key(std::env::var("AZURE_STORAGE_KEY")?)
        .with_endpoint("http://127.0.0.1:10000/acct1".to_string())
        .with_allow_http(true)
        .with_container_name("rust")
        .build()?;
    // end of the user's lines
    Ok(store)
}

fn files(directory: &FilePath) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

async fn upload(store: &MicrosoftAzure, path: &FilePath) -> Outcome<()> {
    let name = path.strip_prefix("given")?.to_str().unwrap();
    let upload = store.put_multipart(&Path::parse(format!("up/{name}"))?).await?;
    let mut writer = WriteMultipart::new_with_chunk_size(upload, 1 << 20);
    writer.write(&std::fs::read(path)?);
    writer.finish().await?;
    Ok(())
}

async fn fetch(store: &MicrosoftAzure, location: &Path) -> Outcome<()> {
    let target = FilePath::new("fetched").join(location.as_ref().strip_prefix("given/").unwrap());
    std::fs::create_dir_all(target.parent().unwrap())?;
    std::fs::write(target, store.get(location).await?.bytes().await?)?;
    Ok(())
}

/// Of 32 creations at once, one wins.
async fn race(store: &MicrosoftAzure) -> Outcome<()> {
    let location = Path::from("race");
    let wins = stream::iter(0..32)
        .map(|index| {
            let location = &location;
            async move {
                let options = PutOptions::from(PutMode::Create);
                store.put_opts(location, PutPayload::from(vec![index]), options).await
            }
        })
        .buffer_unordered(32)
        .filter(|result| std::future::ready(result.is_ok()))
        .count()
        .await;
    assert_eq!(wins, 1);
    let old = store.head(&location).await?;
    let version = UpdateVersion { e_tag: old.e_tag, version: None };
    let update = PutOptions::from(PutMode::Update(version));
    store.put_opts(&location, PutPayload::from_static(b"new"), update.clone()).await?;
    let late = store.put_opts(&location, PutPayload::from_static(b"newer"), update).await;
    assert!(matches!(late, Err(object_store::Error::Precondition { .. })), "{late:?}");
    Ok(())
}

async fn copies_and_deletes(store: &MicrosoftAzure) -> Outcome<()> {
    let text = Path::from("given/dir/plain.txt");
    store.copy(&text, &Path::from("copied")).await?;
    let exists = store.copy_if_not_exists(&text, &Path::from("copied")).await;
    assert!(matches!(exists, Err(object_store::Error::AlreadyExists { .. })), "{exists:?}");
    store.rename(&Path::from("copied"), &Path::from("renamed")).await?;
    let renamed = store.get(&Path::from("renamed")).await?.bytes().await?;
    assert_eq!(renamed, store.get(&text).await?.bytes().await?);
    for index in 0..300 {
        store.put(&Path::from(format!("doomed/{index}")), PutPayload::from_static(b"x")).await?;
    }
    let doomed = store.list(Some(&Path::from("doomed"))).map_ok(|meta| meta.location).boxed();
    let gone: Vec<Path> = store.delete_stream(doomed).try_collect().await?;
    assert_eq!(gone.len(), 300);
    assert_eq!(store.list(Some(&Path::from("doomed"))).count().await, 0);
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let store = connect()?;
    for path in files(FilePath::new("given")) {
        upload(&store, &path).await?;
    }
    let found: Vec<Path> =
        store.list(Some(&Path::from("given"))).map_ok(|meta| meta.location).try_collect().await?;
    stream::iter(&found).map(|name| fetch(&store, name)).buffer_unordered(8).try_collect::<()>()
        .await?;
    let blocks = std::fs::read("given/dir/blocks.bin")?;
    let location = Path::from("up/dir/blocks.bin");
    let ranges = [0..10, 7_000_000..7_000_100];
    let pieces = store.get_ranges(&location, &ranges).await?;
    assert_eq!(pieces[1][..], blocks[7_000_000..7_000_100]);
    race(&store).await?;
    copies_and_deletes(&store).await?;
    let level = store.list_with_delimiter(Some(&Path::from("given"))).await?;
    assert_eq!(level.common_prefixes, vec![Path::from("given/dir")]);
    Ok(())
}
