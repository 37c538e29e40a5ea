using Foreword.IO;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;

namespace Foreword.Weights;

/// <summary>A file format that stores model weights. A format is one class. <c>WeightsCatalog.Register</c> adds it.</summary>
public abstract class WeightsFormat
{
    /// <summary>Gets the name on the command line, such as <c>openai-gpt1</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Gets a description of the files that the format needs, for messages, such as <c>config.json + model.safetensors</c>.</summary>
    public abstract string Files { get; }

    /// <summary>
    /// Gets the element types that <see cref="Write"/> can store, by their names on the command line. Empty if the format is read-only.
    /// </summary>
    public virtual IReadOnlyList<string> WrittenTypes => [];

    /// <summary>Gets whether <see cref="Write"/> writes a single file. Otherwise, it writes a directory.</summary>
    public virtual bool WritesFile => false;

    /// <summary>Returns whether a path is a model in this format. The check looks at file names or at the first bytes of a file.</summary>
    /// <param name="path">A file or a directory.</param>
    public abstract bool IsAt(string path);

    /// <summary>Opens the model at a path that the format recognizes. This reads the configuration and the list of tensors, but not the weights.</summary>
    /// <param name="path">The path.</param>
    /// <returns>The open model. The caller disposes it.</returns>
    /// <exception cref="InvalidDataException">A file is damaged, or needs a feature that this architecture does not have.</exception>
    internal ModelWeights Open(string path)
    {
        OpenFiles files = new();
        try
        {
            (ModelConfig config, IEnumerable<WeightTensor> tensors) = Read(path, files);
            return new ModelWeights(path, this, config, tensors, files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Returns whether a tokenizer is stored with the model.</summary>
    /// <param name="path">A path that the format recognizes.</param>
    public virtual bool HasTokenizer(string path) => TokenizerFiles.IsIn(DirectoryOf(path));

    /// <summary>Loads the tokenizer that is stored with the model.</summary>
    /// <param name="path">A path that the format recognizes.</param>
    public virtual Tokenizer LoadTokenizer(string path) => TokenizerFiles.Load(DirectoryOf(path));

    /// <summary>Writes a model in this format.</summary>
    /// <param name="model">The model. It is read one tensor at a time.</param>
    /// <param name="tokenizer">The tokenizer to store with the model, or null for none.</param>
    /// <param name="type">The element type, one of <see cref="WrittenTypes"/>.</param>
    /// <param name="target">An existing empty directory, or the path of a file if <see cref="WritesFile"/> is true.</param>
    /// <exception cref="NotSupportedException">The format cannot hold this model, or the format is read-only.</exception>
    public virtual void Write(ModelWeights model, Tokenizer? tokenizer, string type, string target) =>
        throw new NotSupportedException($"writing models as {Name} is not supported");

    /// <summary>Reads the architecture and finds every parameter. The weights themselves are read later, by the tensors.</summary>
    /// <param name="path">A path that the format recognizes.</param>
    /// <param name="files">Receives the files that stay open as long as the model is open.</param>
    /// <returns>The architecture, and a tensor for each <see cref="GptParameter"/> of it.</returns>
    /// <exception cref="InvalidDataException">A file is damaged, or needs a feature that this architecture does not have. The message names the path.</exception>
    protected abstract (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files);

    /// <summary>Checks a configuration and returns it.</summary>
    /// <typeparam name="T">The type of the configuration.</typeparam>
    /// <param name="path">The path of the model, for the message.</param>
    /// <param name="config">The configuration.</param>
    /// <exception cref="InvalidDataException">The configuration is not valid.</exception>
    protected static T Validated<T>(string path, T config) where T : ModelConfig
    {
        ArgumentNullException.ThrowIfNull(config);
        try
        {
            config.Validate();
            return config;
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {ArgumentSentence.Of(problem)}", problem);
        }
    }

    private static string DirectoryOf(string path) => File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
}
