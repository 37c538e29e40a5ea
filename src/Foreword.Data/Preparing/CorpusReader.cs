using Foreword.Data.Decoding;
using Foreword.Data.Dialogues;
using Foreword.Data.Reading;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Preparing;

/// <summary>Streams the documents of a corpus in one of the layouts, for <see cref="CorpusPreparer"/>.</summary>
public sealed class CorpusReader
{
    private readonly DocumentReader? _texts;
    private readonly IReadOnlyList<IEnumerable<Dialogue>> _dialogues = [];

    private CorpusReader(DocumentReader texts) => (_texts, Files) = (texts, texts.Files);

    private CorpusReader(IReadOnlyList<string> files, CorpusLayout layout, TextEncoding? encoding) =>
        (Files, _dialogues) = (files, [.. files.Select(path => DialogueReader.Read(path, LayoutOf(path, layout), encoding))]);

    /// <summary>Gets the files that hold the documents, in reading order.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Gets the skipped files of the given directories, with the reasons.</summary>
    public IReadOnlyList<SkippedFile> Skipped => _texts?.Skipped ?? [];

    /// <summary>Finds the files of a corpus.</summary>
    /// <param name="paths">For text: files, directories and patterns, see <see cref="DocumentReader.Open(IEnumerable{string}, DocumentOptions)"/>. For dialogues: files.</param>
    /// <param name="layout">What a document is.</param>
    /// <param name="reading">How text is found and read. For dialogues, only the encoding is used.</param>
    /// <exception cref="ArgumentException">There are no paths, or one is empty.</exception>
    /// <exception cref="FileNotFoundException">A path does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is empty or of an unknown kind, or a directory holds no text.</exception>
    public static CorpusReader Open(IEnumerable<string> paths, CorpusLayout layout, DocumentOptions reading)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(reading);
        if (!layout.HoldsDialogues())
            return new CorpusReader(DocumentReader.Open(paths, reading));
        string[] files = [.. paths.DistinctBy(Path.GetFullPath)];
        return files.Length > 0 ? new CorpusReader(files, layout, reading.Encoding) : throw new ArgumentException("no input was given", nameof(paths));
    }

    /// <summary>
    /// Reads the documents in order. Every enumeration reads the files again. A dialogue is one line of JSON, <c>{"messages": [...]}</c>.
    /// </summary>
    /// <exception cref="InvalidDataException">A file is malformed. The message names the file, and the line if known.</exception>
    public IEnumerable<TextChunk> Read() => _texts?.Read() ?? _dialogues.SelectMany(file => file).Select(dialogue => new TextChunk(dialogue.ToJson(), EndsDocument: true));

    /// <summary>Reads the texts without their form, to train a tokenizer: chunks of text, or the messages of dialogues.</summary>
    /// <exception cref="InvalidDataException">A file is malformed. The message names the file, and the line if known.</exception>
    public IEnumerable<string> ReadTexts() => _texts?.Read().Select(chunk => chunk.Text) ?? _dialogues.SelectMany(file => file).SelectMany(dialogue => dialogue.Messages).Select(message => message.Text);

    private static DialogueLayout LayoutOf(string path, CorpusLayout layout) =>
        layout == CorpusLayout.Chitchat ? DialogueLayout.Chitchat : DialogueReader.LayoutOf(path) == DialogueLayout.Turns ? DialogueLayout.Turns : DialogueLayout.Messages;
}
