#include "bundle/bundle_writer.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <variant>

#include <fcntl.h>
#include <unistd.h>

#include "artifacts/oci_image.h"
#include "artifacts/tar_writer.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/unique_fd.h"

namespace allod::bundle {
namespace {

using artifacts::Digest;

struct Text {
  std::string content;
};
struct File {
  std::string path;
};
/// A layer is a function of its tree and is written from it.
struct Layer {
  std::string tree;
  Digest digest;
};

struct Piece {
  Member member;
  std::variant<Text, File, Layer> source;
};

/// Gathers the members in their order.
class Collection {
 public:
  explicit Collection(const artifacts::Store& store) : store_(store) {}

  void add_text(const std::string& path, std::string content) {
    const Member member{path, content.size(), sha256_hex(content), false};
    add({member, Text{std::move(content)}});
  }
  Status add_file(const std::string& path, const std::string& file, bool executable) {
    const Result<Digest> digest = artifacts::digest_of_file(file);
    if (!digest) return digest.error();
    add({{path, digest->size, digest->sha256, executable}, File{file}});
    return {};
  }
  void add_blob(const char* folder, const Digest& digest) {
    add({{folder + digest.sha256, digest.size, digest.sha256, false},
         File{store_.blob_path(digest.sha256)}});
  }
  void add_layer(const Digest& digest, const std::string& tree) {
    add({{kBlobs + digest.sha256, digest.size, digest.sha256, false}, Layer{tree, digest}});
  }
  [[nodiscard]] std::vector<Piece>& pieces() { return pieces_; }

 private:
  /// Two images may share a blob.
  void add(Piece piece) {
    if (seen_.insert(piece.member.path).second) pieces_.push_back(std::move(piece));
  }

  const artifacts::Store& store_;
  std::vector<Piece> pieces_;
  std::set<std::string> seen_;
};

Status add_catalogue(const BundleRequest& request, Collection& collection) {
  const Result<std::vector<artifacts::TreeEntry>> entries =
      artifacts::scan_tree(request.catalogue_folder);
  if (!entries) return Error(entries.error()).during("reading the catalogue");
  std::map<std::string, const artifacts::TreeEntry*> files;
  for (const artifacts::TreeEntry& entry : *entries) {
    if (entry.type == artifacts::TreeEntry::Type::file) files.emplace(entry.path, &entry);
  }
  std::set<std::string> paths;
  for (const auto& [path, entry] : files)
    paths.insert(path);
  for (const auto& [path, text] : request.catalogue_texts)
    paths.insert(path);
  for (const std::string& path : paths) {
    const auto text = request.catalogue_texts.find(path);
    if (text != request.catalogue_texts.end()) {
      collection.add_text(kCatalogue + path, text->second);
      continue;
    }
    const Status added =
        collection.add_file(kCatalogue + path, request.catalogue_folder + "/" + path,
                            (files.at(path)->mode & 0111) != 0);
    if (!added) return added;
  }
  return {};
}

Result<std::vector<Piece>> collect(const BundleRequest& request, const artifacts::Store& store) {
  Collection collection(store);
  collection.add_text("oci-layout", artifacts::kOciLayout);
  std::vector<std::pair<std::string, Digest>> manifests;
  for (const ImageToBundle& one : request.images)
    manifests.emplace_back(one.image.name, one.image.image.manifest);
  collection.add_text("index.json", artifacts::oci_index(manifests));
  // Documents and small things first: who reads the bundle as a stream sees early what is in it.
  for (const ImageToBundle& one : request.images) {
    collection.add_blob(kBlobs, one.image.image.manifest);
    collection.add_blob(kBlobs, one.image.image.config);
    collection.add_text(kRecords + one.image.key + ".json",
                        artifacts::format_image_record(one.image));
    if (!one.sbom.empty()) collection.add_text(kSboms + one.image.key + ".spdx.json", one.sbom);
  }
  if (Status added = collection.add_file(kProgram, request.program, true); !added) {
    return std::move(added).error();
  }
  if (Status added = add_catalogue(request, collection); !added) return std::move(added).error();
  for (const ImageToBundle& one : request.images) {
    collection.add_layer(one.image.image.layer, one.image.rootfs);
    for (const artifacts::KeptBeside& file : one.image.beside)
      collection.add_blob(kBeside, file.digest);
  }
  return std::move(collection.pieces());
}

/// The file as it grows: written under another name, digested member by member.
class Output {
 public:
  Output(const artifacts::Store& store, std::string path, std::uint64_t total,
         const std::function<void(std::uint64_t, std::uint64_t)>& on_bytes)
      : store_(store), path_(std::move(path)), total_(total), on_bytes_(on_bytes),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}

  [[nodiscard]] Status opened() const {
    return file_ ? Status() : Status(errno_error("create " + path_));
  }
  Status write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error("write " + path_);
      bytes.remove_prefix(static_cast<std::size_t>(count));
      done_ += static_cast<std::uint64_t>(count);
    }
    if (on_bytes_) on_bytes_(done_, total_);
    return {};
  }
  Status write_piece(const Piece& piece) {
    const Member& member = piece.member;
    if (Status written = write(artifacts::tar_header(member.entry())); !written) return written;
    Sha256 hash;
    std::uint64_t size = 0;
    const auto sink = [&](std::string_view bytes) {
      hash.update(bytes);
      size += bytes.size();
      return write(bytes);
    };
    const Status copied = copy(piece, sink);
    const bool lost = !copied && (copied.error().code() == ErrorCode::not_found ||
                                  copied.error().code() == ErrorCode::conflict);
    if (!copied && !lost) return copied;
    if (lost || size != member.size || hash.finish_hex() != member.sha256) {
      return Error(ErrorCode::integrity, member.path + " is not what it was when it was stored")
          .with_hint("allod images verify names what was altered");
    }
    return write(artifacts::tar_padding(member.size));
  }
  Status finish(const std::string& final_path) {
    if (Status written = write(artifacts::tar_end()); !written) return written;
    if (::fsync(file_.get()) != 0) return errno_error("sync " + path_);
    if (::rename(path_.c_str(), final_path.c_str()) != 0) return errno_error("rename " + path_);
    path_.clear();
    return {};
  }
  ~Output() {
    if (file_ && !path_.empty()) ::unlink(path_.c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

 private:
  Status copy(const Piece& piece, const artifacts::ByteSink& sink) const {
    if (const Text* text = std::get_if<Text>(&piece.source)) return sink(text->content);
    if (const Layer* layer = std::get_if<Layer>(&piece.source)) {
      Result<std::vector<artifacts::TreeEntry>> entries =
          artifacts::read_listing(store_, layer->digest);
      if (!entries) return std::move(entries).error();
      return artifacts::write_tar(layer->tree, *entries, sink);
    }
    const std::string& path = std::get<File>(piece.source).path;
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return errno_error("open " + path);
    std::string buffer(std::size_t{1} << 18, '\0');
    while (true) {
      const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error("read " + path);
      if (count == 0) return {};
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
      if (Status written = sink(bytes); !written) return written;
    }
  }

  const artifacts::Store& store_;
  std::string path_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  const std::function<void(std::uint64_t, std::uint64_t)>& on_bytes_;
  UniqueFd file_;
};

} // namespace

Result<Contents>
write_bundle(const BundleRequest& request, const artifacts::Store& store,
             const trust::SigningKey& key, const std::string& path,
             const std::function<void(std::uint64_t done, std::uint64_t total)>& on_bytes) {
  const Result<artifacts::StoreUse> use = store.use();
  if (!use) return use.error();
  const Result<std::vector<Piece>> pieces = collect(request, store);
  if (!pieces) return pieces.error();
  Contents contents{request.version, request.architecture, {}, {}};
  for (const ImageToBundle& one : request.images)
    contents.images.push_back({one.name, one.image.image.manifest.sha256, one.image.key});
  std::uint64_t total = 0;
  for (const Piece& piece : *pieces) {
    contents.members.push_back(piece.member);
    total += piece.member.size;
  }
  const Result<std::string> envelope =
      trust::seal_envelope(kPayloadType, format_contents(contents), key);
  if (!envelope) return envelope.error();
  Output output(store, path + ".part", total, on_bytes);
  if (Status opened = output.opened(); !opened) return std::move(opened).error();
  const Piece first{{kEnvelope, envelope->size(), sha256_hex(*envelope), false}, Text{*envelope}};
  if (Status written = output.write_piece(first); !written) return std::move(written).error();
  for (const Piece& piece : *pieces) {
    if (Status written = output.write_piece(piece); !written) {
      return std::move(written).error().during("writing " + path);
    }
  }
  if (Status finished = output.finish(path); !finished) return std::move(finished).error();
  return contents;
}

} // namespace allod::bundle
