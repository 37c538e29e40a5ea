using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Chat;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Generation;
using Foreword.IO;
using Foreword.Progress;
using Foreword.Settings;
using Foreword.Tasks;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Commands;

/// <summary>Implements <c>foreword chat MODEL</c>, a prompt loop. Answers go to stdout, everything else to stderr.</summary>
internal sealed class ChatCommand : IDisposable
{
    private const int LongestAnswer = 200;

    private static readonly string[] Commands = ["/exit", "/reset", "/save", "/help"];

    private readonly Terminal _terminal;
    private readonly Conversation _conversation;
    private readonly SamplingOptions _options;
    private readonly bool _prompts;
    private readonly IDisposable _interrupts;
    private StopRequest? _answering;
    private int _answers;

    private ChatCommand(Terminal terminal, Conversation conversation, SamplingOptions options)
    {
        (_terminal, _conversation, _options) = (terminal, conversation, options);
        _prompts = terminal.IsInteractive && !terminal.Quiet && !Console.IsInputRedirected;
        _interrupts = StopSignals.OnKey(Interrupt);
    }

    public static Command Create(Terminal terminal) => Create(terminal, OpenedModel.Open);

    /// <summary>Creates the command with another function that opens MODEL on a device, for tests.</summary>
    public static Command Create(Terminal terminal, OpenModel open)
    {
        Argument<string> model = new("MODEL") { Description = "Model directory, checkpoint, or run directory (its best/, else its newest checkpoint)." };
        Option<string> system = new("--system") { Description = "Instruction at the start of the conversation; it is never dropped.", DefaultValueFactory = _ => "" };
        Option<string?> template = new("--template") { Description = $"How messages become text; default: MODEL's {ChatTemplateFile.FileName} (docs/generation.md describes the format)." };
        SamplingArguments sampling = new(LongestAnswer);
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on; auto uses a GPU if there is one.", DefaultValueFactory = _ => DeviceChoice.Auto };
        Option<EngineChoice> engine = Engines.Option();
        Option<CacheType?> cache = Engines.CacheOption();
        Command command = new("chat", "Chat with a model. /exit or Ctrl+D ends the chat, Ctrl+C stops an answer.") { model, system, template };
        sampling.AddTo(command);
        command.Add(device);
        command.Add(engine);
        command.Add(cache);
        command.SetAction(parsed =>
        {
            SamplingOptions options = UsageException.For(sampling.Read(parsed).Validate);
            string path = parsed.GetValue(model)!;
            string directory = File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : ModelDirectory.Resolve(path);
            if (TaskDescription.FineTunedFor(directory) is { } task)
                throw new InvalidDataException($"{path} is fine-tuned for {task}, not for chat{(TaskDescription.IsIn(directory) ? $"; foreword predict {path} prints its answers" : "")}");
            ChatTemplate chosen = parsed.GetValue(template) is { } file ? ChatTemplateFile.Read(file) : ChatTemplateFile.Load(directory);
            using OpenedModel opened = open(path, parsed.GetValue(device), parsed.GetValue(engine), parsed.GetValue(cache));
            using TextModel loaded = LoadingBar.Show(terminal, opened.Path, opened.Load);
            if (ReferenceEquals(chosen, ChatTemplate.Plain) && ChatTemplate.JinjaFile(directory) is { } jinja)
                terminal.Say($"{jinja} has a Jinja template, which is not supported: the plain template (\"User:\", \"Assistant:\") is used; a {ChatTemplateFile.FileName} in the model directory replaces it");
            sampling.SaySeed(parsed, terminal);
            using Conversation conversation = loaded.StartConversation(chosen, parsed.GetValue(system)!);
            using ChatCommand chat = new(terminal, conversation, options);
            chat.Talk();
            return ExitCodes.Done;
        });
        return command.WithExample("foreword chat runs/quickstart --temperature 0.7 --top-k 40");
    }

    public void Dispose() => _interrupts.Dispose();

    private void Talk()
    {
        if (_prompts)
            Help();
        foreach (string line in Lines())
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            if (!line.StartsWith('/'))
                Answer(line);
            else if (!Obey(line.TrimEnd()))
                return;
        }

        if (_prompts)
            _terminal.Err.WriteLine();
    }

    /// <summary>Reads the lines of standard input, and writes a prompt before each.</summary>
    private IEnumerable<string> Lines()
    {
        using IEnumerator<string> lines = StrictText.ReadLines(_terminal.In, "standard input").GetEnumerator();
        while (true)
        {
            if (_prompts)
                _terminal.Err.Write("> ");
            if (!lines.MoveNext())
                yield break;
            yield return lines.Current;
        }
    }

    private void Answer(string line)
    {
        StopRequest answering = new();
        _answering = answering;
        bool began = false;
        try
        {
            ChatAnswer answer = _conversation.Answer(line, _options.ForSample(_answers++), Print, answering);
            _terminal.Out.WriteLine();
            if (answer.Interrupted)
                _terminal.Say("(stopped)");
            if (answer.DroppedMessages > 0)
                _terminal.Say($"(the context is full: the {answer.DroppedMessages} oldest messages before this one were dropped)");
            if (answer.Shortened)
                _terminal.Say("(the message is too long for the context: its beginning was dropped)");
        }
        finally
        {
            _answering = null;
        }

        void Print(string chunk)
        {
            if (!began)
                chunk = chunk.TrimStart(); // the model often starts its answer with a space after the template's prefix
            began |= chunk.Length > 0;
            _terminal.Out.Write(chunk);
        }
    }

    /// <summary>Executes a line that begins with a slash. Returns false if the loop must end.</summary>
    private bool Obey(string line)
    {
        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case ["/exit"]:
                return false;
            case ["/reset"]:
                _conversation.Reset();
                _terminal.Say("(forgotten)");
                break;
            case ["/save", var path]:
                Save(path);
                break;
            case ["/save"]:
                _terminal.Err.WriteLine("error: /save needs a file name: /save talk.jsonl");
                break;
            case ["/help"]:
                Help();
                break;
            default:
                _terminal.Err.WriteLine($"error: unknown command '{words[0]}'{NearestName.Suggestion(words[0], Commands)}");
                break;
        }

        return true;
    }

    private void Help() => _terminal.Say("/exit or Ctrl+D ends the chat, /reset clears the conversation, /save FILE writes it as JSON Lines, Ctrl+C stops an answer");

    private void Save(string path)
    {
        try
        {
            if (File.Exists(path))
                throw new IOException($"{path} already exists; choose another name");
            DurableFile.Replace(path, stream =>
            {
                foreach (ChatMessage message in _conversation.Messages)
                {
                    using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
                    {
                        json.WriteStartObject();
                        json.WriteString("role", message.Role switch { ChatRole.System => "system", ChatRole.User => "user", _ => "assistant" });
                        json.WriteString("content", message.Text.Trim());
                        json.WriteEndObject();
                    }

                    stream.Write("\n"u8);
                }
            });
            _terminal.Say($"({_conversation.Messages.Count} messages in {path})");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            _terminal.Err.WriteLine($"error: {problem.Message}"); // the conversation continues
        }
    }

    private void Interrupt()
    {
        if (_answering is { } answering)
        {
            answering.Request();
            return;
        }

        _terminal.Err.WriteLine();
        Help();
        if (_prompts)
            _terminal.Err.Write("> ");
    }
}
