#include "bundle/bundle_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "artifacts/tar_writer.h"
#include "base/files.h"
#include "base/hash.h"

namespace allod::bundle {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kSizeField = 124; // ustar: twelve bytes, octal
constexpr std::size_t kPiece = std::size_t{1} << 18;
constexpr std::uint64_t kEnvelopeLimit = std::uint64_t{64} << 20;

} // namespace

Error BundleReader::altered(const std::string& what) const {
  return Error(ErrorCode::integrity, "the bundle " + path_ + " is not as it was signed: " + what)
      .with_hint("nothing was taken from it; get it again");
}

Result<std::string_view> BundleReader::read_some(std::size_t size) {
  buffer_.resize(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t count = ::read(file_.get(), buffer_.data() + have, size - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read " + path_);
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  return std::string_view(buffer_.data(), have);
}

Status BundleReader::expect(std::string_view bytes, const std::string& what) {
  if (bytes.empty()) return {};
  const Result<std::string_view> found = read_some(bytes.size());
  if (!found) return found.error();
  if (found->size() < bytes.size()) return altered("it ends too early, at " + what);
  return *found == bytes ? Status() : altered(what);
}

Result<BundleReader> BundleReader::open(const std::string& path,
                                        const std::vector<trust::VerifyingKey>& trusted) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno_error("open " + path);
  BundleReader reader(path, std::move(file));
  if (Status read = reader.read_envelope(trusted); !read) {
    return std::move(read).error().during("reading the bundle " + path);
  }
  return reader;
}

Status BundleReader::read_envelope(const std::vector<trust::VerifyingKey>& trusted) {
  const Result<std::string_view> block = read_some(kBlock);
  if (!block) return block.error();
  const auto no_bundle = [] {
    return Error(ErrorCode::invalid_input, "it does not begin as a bundle does");
  };
  if (block->size() != kBlock) return no_bundle();
  const std::string header(*block);
  Member member;
  member.path = kEnvelope;
  member.size = std::strtoull(header.substr(kSizeField, 11).c_str(), nullptr, 8);
  // All that is not signed yet is the length; everything else follows from it.
  if (member.size == 0 || member.size > kEnvelopeLimit ||
      artifacts::tar_header(member.entry()) != header) {
    return no_bundle();
  }
  const Result<std::string_view> text = read_some(member.size);
  if (!text) return text.error();
  if (text->size() != member.size) return altered("it ends within its envelope");
  const Result<trust::Envelope> envelope = trust::open_envelope(*text, kPayloadType, trusted);
  if (!envelope) return envelope.error();
  key_id_ = envelope->key_id;
  if (Status padded = expect(artifacts::tar_padding(member.size), kEnvelope); !padded) {
    return padded;
  }
  Result<Contents> contents = parse_contents(envelope->payload);
  if (!contents) return std::move(contents).error();
  contents_ = std::move(*contents);
  return {};
}

Status BundleReader::read_member(const Member& member, const Sink& sink) {
  if (Status header = expect(artifacts::tar_header(member.entry()), member.path); !header) {
    return header;
  }
  Sha256 hash;
  for (std::uint64_t left = member.size; left > 0;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece));
    const Result<std::string_view> piece = read_some(wanted);
    if (!piece) return piece.error();
    if (piece->size() != wanted) return altered("it ends within " + member.path);
    hash.update(*piece);
    if (sink) {
      if (Status written = sink(*piece); !written) return written;
    }
    left -= wanted;
  }
  if (hash.finish_hex() != member.sha256) return altered(member.path);
  return expect(artifacts::tar_padding(member.size), member.path);
}

Status BundleReader::read_all(const Open& open) {
  for (const Member& member : contents_.members) {
    Sink sink;
    if (open) {
      Result<Sink> opened = open(member);
      if (!opened) return std::move(opened).error();
      sink = std::move(*opened);
    }
    if (Status read = read_member(member, sink); !read) return read;
  }
  if (Status end = expect(artifacts::tar_end(), "its end"); !end) return end;
  const Result<std::string_view> more = read_some(1);
  if (!more) return more.error();
  return more->empty() ? Status() : altered("something follows its end");
}

} // namespace allod::bundle
