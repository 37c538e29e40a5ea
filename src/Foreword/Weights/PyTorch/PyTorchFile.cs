using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Foreword.IO;

namespace Foreword.Weights.PyTorch;

/// <summary>
/// Reads the tensors of a file that <c>torch.save</c> wrote (torch/serialization.py). Such a file is a zip archive with a pickle and one file per
/// storage. Before PyTorch 1.6, it was a series of pickles followed by the storages. No pickle is executed. Anything other than a tensor, a number, a
/// text or a container of these is rejected, and the message names it.
/// </summary>
internal static class PyTorchFile
{
    private static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture); // 0x1950A86A20F9469CFC6C

    private static readonly object Unread = new();

    /// <summary>
    /// The keys under which training scripts save the model together with the optimizer, in order: nanoGPT, Lightning, PyTorch's tutorials,
    /// DeepSpeed.
    /// </summary>
    private static readonly string[] Nested = ["model", "state_dict", "model_state_dict", "module"];

    /// <summary>
    /// The number of nested dictionaries that are searched. The limit is needed because a dictionary in a pickle can contain itself.
    /// </summary>
    private const int DeepestNesting = 4;

    /// <summary>Reads the tensors, in the order of the file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or holds something other than a dictionary of tensors by name.</exception>
    public static IReadOnlyList<StoredTensor> Read(MappedFile file) => Read(file, out _);

    /// <summary>Reads the tensors, and returns the whole content of the file as well.</summary>
    /// <param name="file">The file.</param>
    /// <param name="whole">Receives all content: numbers, texts and containers. This includes the settings of a training script.</param>
    /// <inheritdoc cref="Read(MappedFile)"/>
    public static IReadOnlyList<StoredTensor> Read(MappedFile file, out IReadOnlyDictionary<object, object?> whole)
    {
        try
        {
            bool isZip = file.Length >= 4 && file.Bytes(0, 2).SequenceEqual("PK"u8);
            Dictionary<object, object?> all = (isZip ? ReadZip(file) : ReadLegacy(file)) as Dictionary<object, object?> ?? throw new InvalidDataException("it contains no dictionary of named tensors");
            whole = all;
            return Tensors(file, all);
        }
        catch (InvalidDataException problem) when (!problem.Message.StartsWith(file.Path, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{file.Path}: {problem.Message}", problem);
        }
    }

    private static object? ReadZip(MappedFile file)
    {
        Dictionary<string, ZipContents.Place> places = ZipContents.Read(file);
        string[] pickles = [.. places.Keys.Where(name => name.EndsWith("/data.pkl", StringComparison.Ordinal))];
        if (pickles is not [var pickleName])
            throw new InvalidDataException($"the zip archive holds {pickles.Length} files named data.pkl; PyTorch's hold one");
        string root = pickleName[..^"data.pkl".Length];
        if (places.TryGetValue(root + "byteorder", out ZipContents.Place order) && !file.Bytes(order.Offset, (int)Math.Min(order.Length, 16)).SequenceEqual("little"u8))
            throw new InvalidDataException("its data is big-endian, which is not supported");
        ZipContents.Place pickle = places[pickleName];
        Dictionary<string, Storage> storages = new(StringComparer.Ordinal);
        object? value = Unpickle(file, pickle.Offset, pickle.Length, storages, out _);
        foreach (Storage storage in storages.Values)
        {
            if (!places.TryGetValue($"{root}data/{storage.Key}", out ZipContents.Place place))
                throw new InvalidDataException($"the file {root}data/{storage.Key} of the zip archive is missing");
            storage.PlaceAt(place.Offset, place.Length);
        }

        return value;
    }

    /// <summary>
    /// Reads the format before PyTorch 1.6. It consists of these parts: magic number, protocol, system information, value, keys of the storages. The
    /// length and the elements of each storage follow.
    /// </summary>
    private static object? ReadLegacy(MappedFile file)
    {
        Dictionary<string, Storage> storages = new(StringComparer.Ordinal);
        long at = 0;
        if (Next(out bool isPickle) is not BigInteger magic || magic != LegacyMagic)
            throw new InvalidDataException(isPickle ? "a pickle that was not written by torch.save" : "neither a zip archive nor a pickle of torch.save");
        if (Next(out _) is not 1001L)
            throw new InvalidDataException("torch.save's protocol is not 1001, the only known one");
        Next(out _); // system information: byte order and type sizes of the machine that wrote the file
        object? value = Next(out _);
        if (Next(out _) is not List<object?> keys || keys.Count != storages.Count)
            throw new InvalidDataException("the list of storages does not match the tensors");
        foreach (object? key in keys)
        {
            if (key is not string name || !storages.TryGetValue(name, out Storage? storage))
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"the list of storages names '{key}', which no tensor uses"));
            if (at > file.Length - sizeof(long))
                throw new InvalidDataException($"it ends before storage '{name}'");
            long count = BinaryPrimitives.ReadInt64LittleEndian(file.Bytes(at, sizeof(long)));
            at += sizeof(long);
            if (count < 0 || count > (file.Length - at) / storage.DType.Size())
                throw new InvalidDataException($"it ends inside storage '{name}' of {count} elements");
            if (storage.IsPlaced)
                throw new InvalidDataException($"the list of storages names '{name}' twice");
            storage.PlaceAt(at, count * storage.DType.Size());
            at += count * storage.DType.Size();
        }

        return value;

        object? Next(out bool isPickle)
        {
            isPickle = at < file.Length && file.Bytes(at, 1)[0] == 0x80;
            if (!isPickle)
                return Unread;
            object? read = Unpickle(file, at, file.Length - at, storages, out int length);
            at += length;
            return read;
        }
    }

    private static object? Unpickle(MappedFile file, long offset, long length, Dictionary<string, Storage> storages, out int read)
    {
        PickleReader reader = new(file.Bytes(offset, (int)Math.Min(length, int.MaxValue)), identifier => StorageOf(identifier, storages), Call);
        try
        {
            object? value = reader.Read();
            read = reader.Length;
            return value;
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"the pickle is not one of plain tensors: {problem.Message}", problem);
        }
    }

    /// <summary>
    /// Returns the storage of an identifier. The identifier is ('storage', type, key, device, number of elements). Before PyTorch 1.6, it has a sixth
    /// entry for views, which must be null.
    /// </summary>
    private static Storage StorageOf(object? identifier, Dictionary<string, Storage> storages)
    {
        if (identifier is not object?[] { Length: 5 or 6 } parts || parts is not ["storage", PickleReader.Global type, string key, string, long count, ..] || parts is [.., not null] and { Length: 6 })
            throw new InvalidDataException("a reference to something that is not the storage of a tensor");
        TensorDType dtype = type.Name switch
        {
            "torch.FloatStorage" => TensorDType.F32,
            "torch.HalfStorage" => TensorDType.F16,
            "torch.BFloat16Storage" => TensorDType.Bf16,
            "torch.DoubleStorage" => TensorDType.F64,
            "torch.LongStorage" => TensorDType.I64,
            "torch.IntStorage" => TensorDType.I32,
            "torch.ShortStorage" => TensorDType.I16,
            "torch.CharStorage" => TensorDType.I8,
            "torch.ByteStorage" => TensorDType.U8,
            "torch.BoolStorage" => TensorDType.Bool,
            _ => throw new InvalidDataException($"a storage of the type {type.Name}, which is not supported"),
        };
        if (count < 0)
            throw new InvalidDataException($"a storage of {count} elements");
        if (storages.TryGetValue(key, out Storage? known))
            return known.DType == dtype && known.Count == count ? known : throw new InvalidDataException($"storage '{key}' is {known.Count} {known.DType.HeaderName()} and {count} {dtype.HeaderName()}");
        return storages[key] = new Storage(key, dtype, count);
    }

    private static object? Call(string name, IReadOnlyList<object?> arguments) => (name, arguments) switch
    {
        ("collections.OrderedDict", []) => new Dictionary<object, object?>(),
        ("torch._utils._rebuild_tensor_v2", [Storage storage, long offset, object?[] shape, object?[] strides, ..]) => new View(storage, offset, Numbers(shape), Numbers(strides)),
        ("torch._utils._rebuild_tensor", [Storage storage, long offset, object?[] shape, object?[] strides]) => new View(storage, offset, Numbers(shape), Numbers(strides)),
        ("torch._utils._rebuild_parameter", [View view, ..]) => view,
        _ => throw new InvalidDataException($"it calls {name}, which is not supported: no code from a file is executed"),
    };

    private static long[] Numbers(object?[] values) => [.. values.Select(value => value is long and >= 0 and <= int.MaxValue ? (long)value : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"a tensor with the size or stride {value ?? "None"}")))];

    private static List<StoredTensor> Tensors(MappedFile file, Dictionary<object, object?> whole)
    {
        Dictionary<object, object?> all = StateDictionary(whole);
        List<StoredTensor> tensors = new(all.Count);
        foreach ((object key, object? entry) in all)
        {
            if (key is not string name || entry is not View view)
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"its entry '{key}' is not a tensor; only a dictionary of named tensors is supported, at the top level or under {string.Join(", ", Nested.Select(name => $"'{name}'"))}"));
            tensors.Add(view.Tensor(file, name));
        }

        return tensors;
    }

    /// <summary>Returns the dictionary of the model. It is the whole file, or an entry of it if training saved more than the model.</summary>
    private static Dictionary<object, object?> StateDictionary(Dictionary<object, object?> all)
    {
        for (int depth = 0; depth < DeepestNesting; depth++)
        {
            string[] found = [.. Nested.Where(name => all.TryGetValue(name, out object? entry) && entry is Dictionary<object, object?> { Count: > 0 })];
            if (found.Length == 0)
                break;
            if (found.Length > 1)
                throw new InvalidDataException($"it holds both '{found[0]}' and '{found[1]}'; only one of them can be the model");
            all = (Dictionary<object, object?>)all[found[0]]!;
        }

        return all;
    }

    /// <summary>A block of elements that tensors are views of.</summary>
    private sealed class Storage(string key, TensorDType dtype, long count)
    {
        public string Key { get; } = key;

        public TensorDType DType { get; } = dtype;

        public long Count { get; } = count;

        public long Offset { get; private set; } = -1;

        public bool IsPlaced => Offset >= 0;

        public void PlaceAt(long offset, long bytes)
        {
            if ((Int128)Count * DType.Size() > bytes)
                throw new InvalidDataException($"storage '{Key}' has {bytes} bytes; {Count} elements of {DType.HeaderName()} need {(Int128)Count * DType.Size()}");
            Offset = offset;
        }
    }

    /// <summary>A tensor as a view of a storage: the index of its first element, its sizes, and its strides in elements.</summary>
    private sealed record View(Storage Storage, long First, long[] Shape, long[] Strides)
    {
        public StoredTensor Tensor(MappedFile file, string name)
        {
            Int128 count = 1;
            foreach (long size in Shape)
                count = Shape.Length <= 4 ? count * size : throw new InvalidDataException($"tensor '{name}' has {Shape.Length} dimensions; at most 4 are supported");
            if (Shape.Length != Strides.Length || First < 0 || count > Storage.Count - First)
                throw new InvalidDataException($"tensor '{name}' of shape {TensorInfo.Format(Shape)} from element {First} on is not inside its storage of {Storage.Count}");
            bool isTransposed = !IsRowMajor(Shape, Strides);
            if (isTransposed && !(Shape.Length == 2 && IsRowMajor([Shape[1], Shape[0]], [Strides[1], Strides[0]])))
                throw new InvalidDataException($"tensor '{name}' of shape {TensorInfo.Format(Shape)} has the strides {TensorInfo.Format(Strides)}; only tensors without gaps are supported");
            return new StoredTensor(name, Storage.DType, Shape, [new StoredElements(file, Storage.Offset + First * Storage.DType.Size(), (long)count)], isTransposed);
        }

        private static bool IsRowMajor(long[] shape, long[] strides)
        {
            long stride = 1;
            for (int i = shape.Length - 1; i >= 0; i--)
            {
                if (shape[i] != 1 && strides[i] != stride)
                    return false;
                stride *= Math.Max(1, shape[i]);
            }

            return true;
        }
    }
}
