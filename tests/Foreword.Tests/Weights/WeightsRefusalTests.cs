using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.OpenAi;

namespace Foreword.Tests.Weights;

/// <summary>Tests the error messages of the readers for models that they do not read.</summary>
public sealed class WeightsRefusalTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    /// <summary>Pickles of protocol 2. The first one would run a command if Python read it.</summary>
    [Theory]
    [InlineData("\u0080\u0002cos\nsystem\nX\u0004\0\0\0true\u0085R.", "it calls os.system, which is not supported: no code from a file is executed")]
    [InlineData("\u0080\u0002c__builtin__\neval\nX\u0001\0\0\01\u0085R.", "it calls __builtin__.eval")]
    [InlineData("\u0080\u0004\u008C\u0005posix\u008C\u0006system\u0093\u008C\u0004true\u0085R.", "it calls posix.system")]
    [InlineData("\u0080\u0002}X\u0001\0\0\0aK\u0001s.", "its entry 'a' is not a tensor")]
    [InlineData("\u0080\u0002}X\u0005\0\0\0epochK\u0001s.", "its entry 'epoch' is not a tensor; only a dictionary of named tensors is supported, at the top level or under 'model', 'state_dict', 'model_state_dict', 'module'")]
    [InlineData("\u0080\u0002}X\u0005\0\0\0model}X\u0001\0\0\0aK\u0001ssX\u0006\0\0\0module}X\u0001\0\0\0aK\u0001ss.", "it holds both 'model' and 'module'; only one of them can be the model")]
    [InlineData("\u0080\u0002}q\0X\u0005\0\0\0modelh\0s.", "its entry 'model' is not a tensor")]
    [InlineData("\u0080\u0002cmodel\nGPT\n)\u0081}b.", "it contains an object of the class model.GPT, which is not supported; save the model's state_dict() instead")]
    [InlineData("\u0080\u0002]K\u0001a.", "it contains no dictionary of named tensors")]
    [InlineData("\u0080\u0002i.", "byte 2 is the opcode 0x69, which tensors do not need")]
    [InlineData("\u0080\u0002}", "it ends inside an object at byte 3")]
    [InlineData("\u0080\u0002t.", "its stack is empty where an object is needed")]
    [InlineData("\u0080\u0002q\0.", "its stack is empty where an object is needed")]
    [InlineData("\u0080\u0002\u0085.", "its stack is empty where an object is needed")]
    [InlineData("\u0080\u0002K\u0001(\u0085.", "its stack is empty where an object is needed")]
    [InlineData("\u0080\u0002cos", "the name at byte 3 does not end")]
    [InlineData("\u0080\u0002h\u0007.", "it refers to object 7, which it did not store")]
    [InlineData("\u0080\u0009N.", "version 9 of the pickle protocol is not supported")]
    [InlineData("\u0080\u0002(X\u0007\0\0\0storagectorch\nQInt8Storage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\u0001tQ.", "a storage of the type torch.QInt8Storage")]
    public void APickleThatIsNotPlainTensorsIsRefusedAndNeverRun(string pickle, string fault) =>
        Refused(WithPickle(Encoding.Latin1.GetBytes(pickle)), fault);

    [Fact]
    public void APickleMayNotFillTheMemory()
    {
        byte[] bomb = [0x80, 2, .. Enumerable.Repeat((byte)']', 1_000_000), (byte)'.'];
        Refused(WithPickle(bomb), "it holds more objects than names and shapes of tensors need");
    }

    [Fact]
    public void ACompressedArchiveIsRefused()
    {
        string path = Model("compressed");
        using (ZipArchive archive = ZipFile.Open(Path.Combine(path, "pytorch_model.bin"), ZipArchiveMode.Create))
        using (Stream entry = archive.CreateEntry("archive/data.pkl", CompressionLevel.SmallestSize).Open())
            entry.Write(new byte[1000]);
        Refused(path, "'archive/data.pkl' in it is compressed (method 8); weights must be stored without compression");
    }

    /// <summary>A pointer is the file that a clone without Git LFS has in place of a large file (git-lfs/docs/spec.md).</summary>
    [Theory]
    [InlineData("model.safetensors", "")]
    [InlineData("pytorch_model.bin", "")]
    [InlineData("model.gguf", "model.gguf")]
    public void AGitLfsPointerIsCalledOne(string name, string opened)
    {
        string path = Model("cloned"), pointer = Path.Combine(path, name);
        File.WriteAllText(pointer, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 548105171\n");
        string message = Assert.Throws<InvalidDataException>(() => WeightsCatalog.Open(Path.Combine(path, opened))).Message;
        Assert.Equal($"{pointer} is a Git LFS pointer, not the file itself; fetch it with 'git lfs pull' or download the model again", message);
    }

    [Theory]
    [InlineData("not a pickle", "neither a zip archive nor a pickle of torch.save")]
    [InlineData("PK\u0003\u0004 cut off", "the zip archive is broken: it has no end record")]
    public void WhatPyTorchDidNotWriteIsRefused(string content, string fault)
    {
        string path = Model("other");
        File.WriteAllBytes(Path.Combine(path, "pytorch_model.bin"), Encoding.Latin1.GetBytes(content));
        Refused(path, fault);
    }

    [Theory]
    [InlineData(1, 4, "version 4 of llm.c's checkpoints is not supported, only 3 (float32) and 5 (bfloat16)")]
    [InlineData(4, 4, "takes 261888 bytes; the file has 211072")]
    [InlineData(4, 0, "n_layer is 0; it must be at least 1")]
    [InlineData(5, 5, "n_embd is 32, which is not a multiple of n_head 5")]
    [InlineData(7, 299, "the padded vocabulary has 299 rows, but the vocabulary has 300")]
    [InlineData(6, int.MaxValue, "n_embd is 2147483647, which is not a multiple of n_head 4")]
    public void AnLlmcHeaderThatDoesNotFitIsRefused(int index, int value, string fault)
    {
        byte[] bytes = File.ReadAllBytes(Fixtures.Path("formats/llm.c/gpt2_tiny.bin"));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * index), value);
        string path = _directory.File("model.bin");
        File.WriteAllBytes(path, bytes);
        Refused(path, fault);
    }

    /// <summary>The name at byte 0 is right, but the file ends inside the header, or after it.</summary>
    [Theory]
    [InlineData(4, "the file has 4 bytes; the header of an llm.c checkpoint has 1024")]
    [InlineData(1023, "the file has 1023 bytes; the header of an llm.c checkpoint has 1024")]
    [InlineData(1024, "takes 211072 bytes; the file has 1024")]
    public void AnLlmcFileThatIsCutOffIsRefused(int length, string fault)
    {
        string path = _directory.File("model.bin");
        File.WriteAllBytes(path, File.ReadAllBytes(Fixtures.Path("formats/llm.c/gpt2_tiny.bin"))[..length]);
        Refused(path, fault);
    }

    [Fact]
    public void AnLlmcVocabularyNeedNotBePadded()
    {
        byte[] bytes = File.ReadAllBytes(Fixtures.Path("formats/llm.c/gpt2_tiny.bin"));
        int rows = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * 7));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * 3), rows);
        string path = _directory.File("model.bin");
        File.WriteAllBytes(path, bytes);
        using ModelWeights model = WeightsCatalog.Open(path);
        Assert.Equal(rows, model.Config.VocabSize);
    }

    [Fact]
    public void ADamagedTensorOfTensorFlowIsFoundByItsChecksum()
    {
        string path = Copy("formats/openai-gpt2");
        Change(Path.Combine(path, "model.ckpt.data-00000-of-00001"), bytes => bytes[100_000] ^= 1);
        using ModelWeights model = WeightsCatalog.Open(path);
        string message = Assert.Throws<InvalidDataException>(() =>
        {
            foreach (WeightTensor tensor in model.Tensors)
                tensor.Read(0, new float[tensor.ElementCount]);
        }).Message;
        Assert.Matches("model.ckpt.data-00000-of-00001: tensor 'model/.*' does not match its checksum$", message);
    }

    [Fact]
    public void ADamagedIndexOfTensorFlowIsFoundByItsChecksum()
    {
        string path = Copy("formats/openai-gpt2");
        Change(Path.Combine(path, "model.ckpt.index"), bytes => bytes[40] ^= 1);
        Refused(path, "the table is broken: the block at 0 does not match its checksum");
    }

    /// <summary>
    /// The tensor has no elements, so it fits into any file. But before its last dimension is read, the product of the others exceeds 64 bits.
    /// </summary>
    [Fact]
    public void AnEmptyTensorOfAbsurdSizesIsRefusedLikeAnyOther()
    {
        string path = Copy("formats/openai-gpt2");
        byte[] size = [0x12, 6, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x07], empty = [0x12, 2, 0x08, 0]; // dimensions of 2^31 - 1 and 0
        byte[] tensor = [0x08, 1, 0x12, 28, .. size, .. size, .. size, .. empty];
        WriteIndex(path, [0, 0, 2, 0x08, 1, 0, 5, (byte)tensor.Length, .. "model"u8, .. tensor]);
        Refused(path, "the file holds 1 tensors, too few for the configuration's 3 layers");
    }

    /// <summary>The entries of an index: the length that a key shares with the previous one, the lengths of the rest and of the value, then both.</summary>
    [Theory]
    [InlineData(new byte[] { }, "model.ckpt.index: the header is missing")]
    [InlineData(new byte[] { 0, 1, 0, (byte)'a' }, "model.ckpt.index: the header is missing")]
    [InlineData(new byte[] { 0, 0, 2, 0x08, 0 }, "model.ckpt.index: 0 data files")]
    [InlineData(new byte[] { 0, 0, 4, 0x08, 1, 0x10, 1 }, "model.ckpt.index: the data is big-endian, which is not supported")]
    [InlineData(new byte[] { 1, 0, 0 }, "the table is broken: an entry extends beyond its block")]
    [InlineData(new byte[] { 0, 9, 0 }, "the table is broken: an entry extends beyond its block")]
    [InlineData(new byte[] { 0, 0, 1 }, "the table is broken: an entry extends beyond its block")]
    [InlineData(new byte[] { 0, 1, 1, (byte)'a' }, "the table is broken: an entry extends beyond its block")]
    [InlineData(new byte[] { 0, 0, 0x80 }, "the table is broken: a number does not end")]
    [InlineData(new byte[] { }, "the table is broken: a block of 4 bytes with 1 restarts", 1)]
    public void AnIndexOfTensorFlowThatDoesNotFitIsRefused(byte[] entries, string fault, byte restarts = 0)
    {
        string path = Copy("formats/openai-gpt2");
        WriteIndex(path, entries, restarts);
        Refused(path, fault);
    }

    [Fact]
    public void ACheckpointOfTensorFlowNeedsEachOfItsFiles()
    {
        string path = Copy("formats/openai-gpt2"), data = Path.Combine(path, "model.ckpt.data-00000-of-00001");
        File.Delete(data);
        Refused(path, $"model.ckpt.index: the data file {data} that it needs is missing");
        File.WriteAllBytes(Path.Combine(path, "model.ckpt.index"), new byte[47]);
        Refused(path, "model.ckpt.index: not an index of a TensorFlow checkpoint");
    }

    [Fact]
    public void HyperparametersThatDoNotFitTheCheckpointAreRefused()
    {
        string path = Copy("formats/openai-gpt2");
        string file = Path.Combine(path, "hparams.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"n_layer\": 3", "\"n_layer\": 2", StringComparison.Ordinal));
        Refused(path, "12 extra (model/h2/attn/c_attn/b");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"n_layer\": 2", "\"n_layer\": 4", StringComparison.Ordinal));
        Refused(path, "12 missing (model/h3/ln_1/g, model/h3/ln_1/b, model/h3/attn/c_attn/w, model/h3/attn/c_attn/b, ");
        File.WriteAllText(file, File.ReadAllText(file).Replace("n_ctx", "n_context", StringComparison.Ordinal));
        Refused(path, "hparams.json: the field 'n_ctx' is missing");
    }

    [Fact]
    public void TheCheckpointThatTensorFlowNamesIsRead()
    {
        string path = Copy("formats/openai-gpt2");
        foreach (string file in Directory.GetFiles(path, "model.ckpt.*"))
            File.Move(file, Path.Combine(path, Path.GetFileName(file).Replace("model.ckpt", "model-1000", StringComparison.Ordinal)));
        WeightsCatalog.Open(path).Dispose(); // the only checkpoint in the directory
        File.Copy(Path.Combine(path, "model-1000.index"), Path.Combine(path, "model-900.index"));
        File.WriteAllText(Path.Combine(path, "checkpoint"), "model_checkpoint_path: \"model-1000\"\nall_model_checkpoint_paths: \"model-900\"\n");
        WeightsCatalog.Open(path).Dispose();
    }

    [Fact]
    public void MissingAndForeignShardsOfGpt1AreRefused()
    {
        string path = Copy("formats/openai-gpt1");
        File.Delete(Path.Combine(path, "params_9.npy"));
        Refused(path, "the 9 files params_N.npy hold 44");
        Change(Path.Combine(path, "params_3.npy"), bytes => bytes[6] = 9);
        Refused(path, "params_3.npy: version 9 of the .npy format is not supported");
        Change(Path.Combine(path, "params_2.npy"), bytes => bytes.AsSpan().Slice(10, 60).Replace((byte)'4', (byte)'8'));
        Refused(path, "params_2.npy: the header is {'descr': '<f8'");
    }

    [Fact]
    public void SizesThatACheckpointDoesNotHaveAreAskedFor()
    {
        string path = _directory.File("weights.pt");
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create))
        using (Stream entry = archive.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open())
            entry.Write(Encoding.Latin1.GetBytes("\u0080\u0002}."));
        Refused(path, "its sizes are unknown: it has no 'model_args' as nanoGPT's files do, and there is no config.json beside it");
    }

    [Fact]
    public void HeadsThatNothingTellsAreAskedFor()
    {
        string path = Copy("formats/openai-gpt1");
        File.Delete(Path.Combine(path, "config.json"));
        Refused(path, "put a config.json with n_head beside them");
    }

    [Theory]
    [InlineData("\"n_layer\": 3", "\"n_layer\": 2")]
    [InlineData("\"n_embd\": 32", "\"n_embd\": 64")]
    public void AConfigurationOfAnotherModelThanTheShardsIsRefused(string field, string other)
    {
        string path = Copy("formats/openai-gpt1"), file = Path.Combine(path, "config.json"), before = File.ReadAllText(file);
        File.WriteAllText(file, before.Replace(field, other, StringComparison.Ordinal));
        Assert.NotEqual(before, File.ReadAllText(file));
        Refused(path, "config.json describes a different model than params_shapes.json, a GPT-1 of 3 layers, width 32, context 64 and ");
    }

    /// <summary>Replaces the index by one with these entries: a block of entries, a block that names it, and the footer.</summary>
    private static void WriteIndex(string path, byte[] entries, byte restarts = 0)
    {
        byte[] block = Block(entries, restarts), list = Block([0, 5, 2, .. "model"u8, 0, (byte)(block.Length - 5)], 0);
        byte[] handles = [0, 0, (byte)block.Length, (byte)(list.Length - 5)];
        File.WriteAllBytes(Path.Combine(path, "model.ckpt.index"), [.. block, .. list, .. handles, .. new byte[40 - handles.Length], .. BitConverter.GetBytes(0xDB47_7524_8B80_FB57)]);

        static byte[] Block(byte[] entries, byte restarts)
        {
            byte[] block = [.. entries, restarts, 0, 0, 0, 0]; // the number of restarts, then 0: not compressed
            return [.. block, .. BitConverter.GetBytes(Crc32C.Mask(Crc32C.Append(0, block)))];
        }
    }

    private static void Refused(string path, string fault)
    {
        string message = Assert.Throws<InvalidDataException>(() => WeightsCatalog.Open(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    private static void Change(string path, Action<byte[]> change)
    {
        byte[] bytes = File.ReadAllBytes(path);
        change(bytes);
        File.WriteAllBytes(path, bytes);
    }

    private string Copy(string fixture)
    {
        string path = _directory.File("copy");
        Directory.CreateDirectory(path);
        foreach (string file in Directory.GetFiles(Fixtures.Path(fixture)))
            File.Copy(file, Path.Combine(path, Path.GetFileName(file)));
        return path;
    }

    /// <summary>Creates a directory with a configuration.</summary>
    private string Model(string name)
    {
        string path = _directory.File(name);
        Directory.CreateDirectory(path);
        File.Copy(Fixtures.Path("golden/gpt2-tiny/config.json"), Path.Combine(path, "config.json"));
        return path;
    }

    private string WithPickle(byte[] pickle)
    {
        string path = Model("pickled");
        using ZipArchive archive = ZipFile.Open(Path.Combine(path, "pytorch_model.bin"), ZipArchiveMode.Create);
        using Stream entry = archive.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open();
        entry.Write(pickle);
        return path;
    }
}
