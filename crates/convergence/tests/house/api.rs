//! The library's public face, listed: whoever changes a signature changes this file too, and thinks of the changelog and
//! of the version. What it does not see: behaviour, and what a newer version of `http`, `bytes`, `http-body` or tower's
//! traits would change in signatures that name their types.

use syn::{Attribute, Fields, File, ImplItem, Item, ItemImpl, Meta, Type, UseTree, Visibility};

use crate::repository::{read, rust_below};

/// Where the items of the public face are declared.
const LAYER: &str = "crates/convergence/src/layer/";
const SETTINGS: &str = "crates/convergence/src/config/settings.rs";

fn parsed(path: &str) -> File {
    syn::parse_file(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

/// Attributes that a user can tell the presence of.
fn keep_what_shows(attributes: &mut Vec<Attribute>) {
    let shows = ["derive", "non_exhaustive", "must_use"];
    attributes.retain(|attribute| shows.iter().any(|name| attribute.path().is_ident(name)));
}

/// The names that the crate's root has for its users.
fn exported() -> Vec<String> {
    let mut names = Vec::new();
    for item in parsed("crates/convergence/src/lib.rs").items {
        match item {
            Item::Use(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                last_names(&item.tree, &mut names);
            }
            Item::Mod(item) => assert!(
                !is_public(&item.vis) || is_hidden(&item.attrs),
                "{} is public, documented, and not listed here",
                item.ident
            ),
            _ => {}
        }
    }
    names
}

fn last_names(tree: &UseTree, names: &mut Vec<String>) {
    match tree {
        UseTree::Path(path) => last_names(&path.tree, names),
        UseTree::Name(name) => names.push(name.ident.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| last_names(tree, names)),
        UseTree::Rename(_) | UseTree::Glob(_) => panic!("neither is used at the root"),
    }
}

/// The items of a file, those in `pin_project!` included.
fn items(file: File) -> impl Iterator<Item = Item> {
    file.items.into_iter().flat_map(|item| match item {
        Item::Macro(item) if item.mac.path.is_ident("pin_project") => {
            item.mac.parse_body::<File>().expect("items").items
        }
        item => vec![item],
    })
}

/// The item as its users see it, if they do.
fn seen(item: Item, exported: &[String]) -> Option<Item> {
    let known = |name: &syn::Ident| exported.iter().any(|known| name == known);
    match item {
        Item::Struct(mut item) if known(&item.ident) => {
            keep_what_shows(&mut item.attrs);
            // One with private fields can be made by nobody, and is shown without any.
            if item.fields.iter().all(|field| is_public(&field.vis)) {
                item.fields.iter_mut().for_each(|field| field.attrs.clear());
            } else {
                item.fields = Fields::Unit;
            }
            Some(Item::Struct(item))
        }
        Item::Enum(mut item) if known(&item.ident) => {
            keep_what_shows(&mut item.attrs);
            item.variants.iter_mut().for_each(|variant| variant.attrs.clear());
            Some(Item::Enum(item))
        }
        Item::Impl(item) => implemented(item, known).map(Item::Impl),
        _ => None,
    }
}

/// An implementation without bodies, and without what is not public; of a trait's, its types only: the rest is the trait's
/// to say.
fn implemented(mut item: ItemImpl, known: impl Fn(&syn::Ident) -> bool) -> Option<ItemImpl> {
    let Type::Path(path) = &*item.self_ty else { return None };
    if !known(&path.path.segments.last()?.ident) {
        return None;
    }
    let of_trait = item.trait_.is_some();
    item.attrs.clear();
    item.items = std::mem::take(&mut item.items)
        .into_iter()
        .filter_map(|inner| match inner {
            ImplItem::Fn(mut function) if is_public(&function.vis) => {
                keep_what_shows(&mut function.attrs);
                function.block.stmts.clear();
                Some(ImplItem::Fn(function))
            }
            ImplItem::Type(kind) => Some(ImplItem::Type(kind)),
            _ => None,
        })
        .collect();
    (of_trait || !item.items.is_empty()).then_some(item)
}

/// What users see of these files, as Rust without bodies.
fn listing(files: impl IntoIterator<Item = String>, exported: &[String]) -> String {
    let files = files.into_iter().map(|path| parsed(&path));
    let items: Vec<Item> = files.flat_map(items).filter_map(|item| seen(item, exported)).collect();
    prettyplease::unparse(&File { shebang: None, attrs: Vec::new(), items })
}

#[test]
fn the_librarys_public_face_is_as_it_was() {
    let exported = exported();
    let layer = listing(rust_below(LAYER).into_iter().map(|file| file.path), &exported);
    let settings = listing([SETTINGS.to_owned()], &exported);
    let declared = |name: &String| {
        let (class, choice) = (format!("pub struct {name}"), format!("pub enum {name}"));
        [&layer, &settings].iter().any(|text| text.contains(&class) || text.contains(&choice))
    };
    let missing: Vec<&String> = exported.iter().filter(|name| !declared(name)).collect();
    assert_eq!(missing, [""; 0], "exported, and declared where this test does not look");
    look_at_the_layer(&layer);
    look_at_the_settings(&settings);
}

fn look_at_the_layer(listing: &str) {
    insta::assert_snapshot!(listing, @r#"
    pub struct ResponseBody<B>;
    impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
        type Data = Bytes;
        type Error = B::Error;
    }
    impl<B> fmt::Debug for ResponseBody<B> {}
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ClientAddress(pub IpAddr);
    #[derive(Clone)]
    pub struct Client;
    impl Client {
        pub fn name(&self) -> Option<&str> {}
        pub fn limit(&self) -> Option<u32> {}
        pub fn remaining(&self) -> Option<u32> {}
        pub fn reset(&self) -> Option<Duration> {}
    }
    impl fmt::Debug for Client {}
    #[must_use = "an engine that is dropped stops, and its layers let nobody through"]
    pub struct Engine;
    impl Engine {
        pub fn start(settings: &Settings) -> Result<Self, StartError> {}
        pub fn layer(&self) -> ApiKeyLayer {}
        pub fn status(&self) -> Status {}
        pub fn stop(self) {}
    }
    impl Drop for Engine {}
    impl fmt::Debug for Engine {}
    #[derive(Debug)]
    pub struct StartError;
    impl StartError {
        pub fn faults(&self) -> &[Fault] {}
    }
    impl fmt::Display for StartError {}
    impl std::error::Error for StartError {}
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>;
    impl<S, B, R> Future for ResponseFuture<S, B>
    where
        S: Service<Request<B>, Response = Response<R>>,
    {
        type Output = Result<Response<ResponseBody<R>>, S::Error>;
    }
    impl<S, B> fmt::Debug for ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {}
    #[derive(Clone)]
    pub struct ApiKeyLayer;
    impl<S> Layer<S> for ApiKeyLayer {
        type Service = ApiKeyService<S>;
    }
    #[derive(Clone)]
    pub struct ApiKeyService<S>;
    impl<S, B, R> Service<Request<B>> for ApiKeyService<S>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone,
        R: Body<Data = Bytes>,
    {
        type Response = Response<ResponseBody<R>>;
        type Error = S::Error;
        type Future = ResponseFuture<S, B>;
    }
    impl fmt::Debug for ApiKeyLayer {}
    impl<S: fmt::Debug> fmt::Debug for ApiKeyService<S> {}
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Status;
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum Mode {
        Enabled,
        Unavailable,
        Disabled,
        Fallback,
    }
    impl Mode {
        pub fn is_open(self) -> bool {}
        pub fn as_str(self) -> &'static str {}
    }
    impl Status {
        pub fn mode(&self) -> Mode {}
        pub fn reason(&self) -> Option<&str> {}
    }
    "#);
}

fn look_at_the_settings(listing: &str) {
    insta::assert_snapshot!(listing, @r"
    #[derive(Clone, Default)]
    pub struct Settings;
    impl Settings {
        pub fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {}
        pub fn value(&self, name: &str) -> Option<&str> {}
        #[must_use]
        pub fn over(mut self, lower: Settings) -> Self {}
        pub fn load() -> Result<Self, Fault> {}
        pub fn from_environment() -> Result<Self, Fault> {}
        pub fn from_env_file(path: &Path) -> Result<Self, Fault> {}
    }
    impl FromIterator<(String, String)> for Settings {}
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Fault {
        pub variable: String,
        pub wrong: String,
    }
    impl fmt::Display for Fault {}
    impl std::error::Error for Fault {}
    ");
}
