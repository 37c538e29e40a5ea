using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Tasks;

namespace Foreword.Data.Datasets;

/// <summary>
/// The format in which a test server takes predictions. For GLUE, this is a header, then a line with the index of the example and the prediction,
/// separated by a tab. For SuperGLUE, it is a JSON object a line with <c>idx</c> and <c>label</c>. For SQuAD, it is one JSON object.
/// </summary>
public sealed class SubmissionFormat
{
    private readonly IReadOnlyList<string> _words;
    private readonly double _least, _most;
    private readonly bool _isJson;
    private readonly bool _isAnswers;

    private SubmissionFormat(IReadOnlyList<string> words, double least, double most, bool isJson) => (_words, _least, _most, _isJson) = (words, least, most, isJson);

    /// <summary>Creates GLUE's format of a data set with classes.</summary>
    /// <param name="words">The server's word for each class, in the order of <see cref="Dataset.Labels"/>.</param>
    public static SubmissionFormat OfClasses(params IReadOnlyList<string> words) => new(words, 0, 0, isJson: false);

    /// <summary>Creates SuperGLUE's format of a data set with classes or choices. Words that are whole numbers are written as numbers.</summary>
    /// <param name="words">The server's word for each class, in the order of <see cref="Dataset.Labels"/>.</param>
    public static SubmissionFormat OfJsonLines(params IReadOnlyList<string> words) => new(words, 0, 0, isJson: true);

    /// <summary>Creates GLUE's format of a data set with scores. Predictions outside the range become its nearest end.</summary>
    /// <param name="least">The lowest score.</param>
    /// <param name="most">The highest score.</param>
    public static SubmissionFormat OfScores(double least, double most) => new([], least, most, isJson: false);

    /// <summary>Creates SQuAD's format: one JSON object with the answer's text for the id of each question, which is empty for no answer.</summary>
    public static SubmissionFormat OfAnswers() => new(isAnswers: true);

    private SubmissionFormat(bool isAnswers) : this([], 0, 0, isJson: true) => _isAnswers = isAnswers;

    /// <summary>Returns a path for each submitted part: the given one, or with the part's ending before the extension.</summary>
    /// <param name="path">The path that the user named.</param>
    /// <param name="part">The part.</param>
    public static string PathFor(string path, DatasetPart part)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(part);
        return Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileNameWithoutExtension(path) + part.SubmissionEnding + Path.GetExtension(path));
    }

    /// <summary>Writes the predictions for a part.</summary>
    /// <param name="writer">Receives the lines. Each ends with a line feed.</param>
    /// <param name="part">The part.</param>
    /// <param name="predictions">One prediction for each example of the part, in the same order.</param>
    /// <exception cref="ArgumentException">The number of predictions is not that of the examples, or a prediction is not one of the classes.</exception>
    public void Write(TextWriter writer, DatasetPart part, IReadOnlyList<Prediction> predictions)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(predictions);
        if (predictions.Count != part.Examples.Count)
            throw new ArgumentException($"{part.Name} has {part.Examples.Count} examples; {predictions.Count} predictions were given", nameof(predictions));
        if (_isAnswers)
        {
            writer.Write("{");
            for (int i = 0; i < predictions.Count; i++)
                writer.Write($"{(i == 0 ? "" : ", ")}\"{JsonEncodedText.Encode(part.Ids[i])}\": \"{JsonEncodedText.Encode(predictions[i].Label, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"");
            writer.Write("}\n");
            return;
        }

        if (!_isJson)
            writer.Write("index\tprediction\n");
        for (int i = 0; i < predictions.Count; i++)
        {
            string id = part.Ids.Count == 0 ? i.ToString(CultureInfo.InvariantCulture) : part.Ids[i], word = Word(predictions[i]);
            writer.Write(_isJson ? $"{{\"idx\": {Json(id)}, \"label\": {Json(word)}}}\n" : $"{id}\t{word}\n");
        }
    }

    private static string Json(string value) => value.All(char.IsAsciiDigit) ? value : $"\"{JsonEncodedText.Encode(value)}\"";

    private string Word(Prediction prediction)
    {
        if (_words.Count == 0)
            return Math.Clamp(prediction.Value, _least, _most).ToString("0.000", CultureInfo.InvariantCulture);
        return prediction.Index >= 0 && prediction.Index < _words.Count
            ? _words[prediction.Index]
            : throw new ArgumentException($"the prediction '{prediction.Label}' is not one of the {_words.Count} classes of the test server", nameof(prediction));
    }
}
