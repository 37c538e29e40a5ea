using Foreword.Cli.Output;
using Foreword.Tasks;
using Foreword.Tasks.HuggingFace;
using Foreword.Tokenization;
using Foreword.Weights;

namespace Foreword.Cli.Commands.Conversion;

/// <summary>
/// Converts the head of a fine-tuned model in <c>convert</c>. If a classifier of transformers can compute the same outputs, writes such a
/// classifier. Otherwise only the language model is written.
/// </summary>
internal sealed class ClassifierConversion
{
    private const string Format = "hf";

    private readonly ModelWeights _model;
    private readonly TaskDescription _task;
    private readonly TaskHeadWeights _head;
    private readonly Tokenizer _tokenizer;
    private readonly TensorDType _dtype;

    private ClassifierConversion(ModelWeights model, TaskDescription task, TaskHeadWeights head, Tokenizer tokenizer, TensorDType dtype) =>
        (_model, _task, _head, _tokenizer, _dtype) = (model, task, head, tokenizer, dtype);

    /// <summary>Returns the conversion of a model's head. Returns null, with a message, if only the language model is written.</summary>
    public static ClassifierConversion? Create(ModelWeights model, Tokenizer? tokenizer, WeightsFormat target, string type, bool languageModelOnly, Terminal terminal)
    {
        if (!TaskDescription.IsIn(model.Path))
        {
            if (model.LeftOut.Count > 0)
                terminal.Say($"{model.Path} has a head that is not supported ({string.Join(", ", model.LeftOut.Select(tensor => tensor.FileName))}); only the language model is written");
            return null;
        }

        TaskDescription task = TaskDescription.Read(model.Path);
        if (languageModelOnly || target.Name != Format || !TensorDTypes.TryParse(type.ToUpperInvariant(), out TensorDType dtype))
        {
            terminal.Say($"{model.Path} is fine-tuned for {task.Kind}; only its language model is written, without the task head");
            return null;
        }

        TaskHeadWeights head = TaskHeadWeights.Read(model.Path, task, model.Config.HiddenWidth);
        if (HuggingFaceClassifier.Obstacle(model, task, head, tokenizer, dtype) is { } obstacle)
        {
            terminal.Say($"{model.Path} is fine-tuned for {task.Kind}; only its language model is written, without the task head: {obstacle}");
            return null;
        }

        terminal.Say($"{model.Path} is fine-tuned for {task.Kind}; a {HuggingFaceClassifier.ClassName(model.Config.Architecture)} is written{(task.Tokens is null ? "" : ", whose tokenizer puts the task's tokens around a text")} (--language-model omits the head)");
        return new ClassifierConversion(model, task, head, tokenizer!, dtype);
    }

    public void Write(string directory) => HuggingFaceClassifier.Write(_model, _task, _head, _tokenizer, _dtype, directory);
}
