using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Foreword.Hub.Tests;

/// <summary>
/// A repository as a hub serves it: small files from Git, and large files (.safetensors, .bin) through a redirect to another host.
/// </summary>
internal sealed class FakeRepository : IDisposable
{
    public const string Id = "someone/tiny-gpt2";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    public FakeRepository()
    {
        Storage = new FakeHub(request => Next(request) ?? Content(request, _files[Uri.UnescapeDataString(request.Path.Split('?')[0]["/store/".Length..])]));
        Hub = new FakeHub(request => Next(request) ?? Answer(request));
    }

    /// <summary>Gets the hub itself.</summary>
    public FakeHub Hub { get; }

    /// <summary>Gets the server of the large files. It has another port and therefore counts as another host.</summary>
    public FakeHub Storage { get; }

    /// <summary>Gets or sets a function that is called first for each request. If it returns null, the repository responds.</summary>
    public Func<FakeRequest, FakeAnswer?> Next { get; set; } = _ => null;

    public byte[] this[string path]
    {
        get => _files[path];
        set => _files[path] = value;
    }

    /// <summary>Adds the files of a small GPT-2, and some files that are not needed here.</summary>
    public FakeRepository WithModel(int weightBytes = 200_000)
    {
        this["config.json"] = Encoding.UTF8.GetBytes("""{"model_type":"gpt2"}""");
        this["tokenizer.json"] = Encoding.UTF8.GetBytes("{}");
        this["README.md"] = Encoding.UTF8.GetBytes("# tiny");
        byte[] weights = new byte[weightBytes];
        new Random(1).NextBytes(weights);
        this["model.safetensors"] = weights;
        this["pytorch_model.bin"] = [1, 2, 3];
        this["onnx/decoder_model.onnx"] = [4];
        return this;
    }

    /// <summary>Gets the GET requests for contents, at the hub and at the storage.</summary>
    public IReadOnlyList<FakeRequest> Fetched =>
        [.. Hub.Requests.Concat(Storage.Requests).Where(r => r.Method == "GET" && (r.Path.StartsWith("/store/", StringComparison.Ordinal) || (r.Path.Contains("/resolve/") && !IsLarge(r.Path))))];

    /// <summary>Returns the name of the content: the SHA-256 of a large file, or the Git hash of a small one.</summary>
#pragma warning disable CA5350 // Git's own hash
    public string Tag(string path) => IsLarge(path)
        ? Convert.ToHexStringLower(SHA256.HashData(_files[path]))
        : Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {_files[path].Length}\0"), .. _files[path]]));
#pragma warning restore CA5350

    /// <summary>Creates a complete or partial response to a GET request, according to its Range header.</summary>
    public static FakeAnswer Content(FakeRequest request, byte[] content, params (string, string)[] headers) => request.From == 0
        ? new FakeAnswer(200, content, headers)
        : new FakeAnswer(206, content[request.From..], [.. headers, ("Content-Range", $"bytes {request.From}-{content.Length - 1}/{content.Length}")]);

    public void Dispose()
    {
        Hub.Dispose();
        Storage.Dispose();
    }

    private static bool IsLarge(string path) => path.EndsWith(".safetensors", StringComparison.Ordinal) || path.EndsWith(".bin", StringComparison.Ordinal);

    private FakeAnswer Answer(FakeRequest request)
    {
        if (request.Path.StartsWith($"/api/models/{Id}/revision/", StringComparison.Ordinal))
            return FakeAnswer.Text(200, Listing());
        string prefix = $"/{Id}/resolve/{Commit}/";
        string path = request.Path.StartsWith(prefix, StringComparison.Ordinal) ? Uri.UnescapeDataString(request.Path[prefix.Length..]) : "";
        if (!_files.TryGetValue(path, out byte[]? content))
            return FakeAnswer.Text(404, "no", ("X-Error-Code", "EntryNotFound"));
        return IsLarge(path)
            ? FakeAnswer.Text(302, "over there", ("X-Repo-Commit", Commit), ("X-Linked-ETag", $"\"{Tag(path)}\""), ("ETag", "\"of-the-redirect\""),
                ("X-Linked-Size", content.Length.ToString(CultureInfo.InvariantCulture)), ("Location", $"{Storage.Address}store/{path}?signature=secret"))
            : Content(request, content, ("X-Repo-Commit", Commit), ("ETag", $"W/\"{Tag(path)}\""));
    }

    private string Listing() => new JsonObject
    {
        ["sha"] = Commit,
        ["siblings"] = new JsonArray([.. _files.Select(file => IsLarge(file.Key)
            ? new JsonObject { ["rfilename"] = file.Key, ["size"] = file.Value.Length, ["blobId"] = new string('a', 40), ["lfs"] = new JsonObject { ["sha256"] = Tag(file.Key), ["size"] = file.Value.Length, ["pointerSize"] = 134 } }
            : new JsonObject { ["rfilename"] = file.Key, ["size"] = file.Value.Length, ["blobId"] = Tag(file.Key) })]),
    }.ToJsonString();
}
